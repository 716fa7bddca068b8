import type { Words } from './zh-TW'

export const words: Words = {
  title: '黑名单',
  hint: '名单上的会员与访客无法发送消息。',
  why: '原因',
  noWhy: '未说明',
  until: '到期',
  forGood: '无期限',
  since: '{date} 由{name}列入',
  byRule: '规则',
  lift: '解除',
  'lift.title': '将“{name}”移出黑名单？',
  'lift.hint': '移出后马上就能再发送消息。',
  lifted: '已将“{name}”移出黑名单。',
  more: '加载更多',
  empty: '黑名单上没有人',
  emptyHint: '规则或同事封禁会员时，会列在这里。',
}
