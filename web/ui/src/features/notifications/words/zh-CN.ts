import type { Words } from './zh-TW'

export const words: Words = {
  title: '通知',
  empty: '暂无通知',
  emptyHint: '规则要提醒你的事项会显示在这里。',
  fresh: '新',
  count: '{n} 条未读通知',
  readAll: '全部已读',
  filter: '筛选通知',
  'kind.all': '全部',
  'kind.assigned': '指派',
  'kind.late': '时限',
  'kind.mention': '提及',
  'kind.followed': '关注',
  'kind.rating': '评价',
  'kind.other': '其他',
  times: '{n} 条通知',
  byRule: '规则：{rule}',
  emptyKind: '没有这一类的通知',
}
