/** Decides the keys; the compiler holds the other languages to them. */
export const words = {
  title: '通知',
  empty: '目前沒有通知',
  emptyHint: '規則要提醒你的事會出現在這裡。',
  fresh: '新',
  count: '{n} 則未讀通知',
  readAll: '全部已讀',
  filter: '篩選通知',
  'kind.all': '全部',
  'kind.assigned': '指派',
  'kind.late': '時限',
  'kind.mention': '提及',
  'kind.followed': '關注',
  'kind.rating': '評價',
  'kind.other': '其他',
  times: '{n} 則通知',
  byRule: '規則：{rule}',
  emptyKind: '沒有這一類的通知',
}

export type Words = Record<keyof typeof words, string>
