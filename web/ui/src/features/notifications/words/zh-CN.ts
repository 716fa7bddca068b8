import type { Words } from './zh-TW'

export const words: Words = {
  title: '通知',
  empty: '暂无通知',
  emptyHint: '规则要提醒你的事项会显示在这里。',
  fresh: '新',
  count: '{n} 条未读通知',
}
