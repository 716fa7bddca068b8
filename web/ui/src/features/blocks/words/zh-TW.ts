/** Decides the keys; the compiler holds the other languages to them. */
export const words = {
  title: '黑名單',
  hint: '名單上的會員與訪客無法傳送訊息。',
  why: '原因',
  noWhy: '未說明',
  until: '到期',
  forGood: '無期限',
  since: '{date} 由{name}列入',
  byRule: '規則',
  lift: '解除',
  'lift.title': '將「{name}」移出黑名單？',
  'lift.hint': '移出後立刻就能再傳送訊息。',
  lifted: '已將「{name}」移出黑名單。',
  more: '載入更多',
  empty: '黑名單上沒有人',
  emptyHint: '規則或同事封鎖會員時，會列在這裡。',
}

export type Words = Record<keyof typeof words, string>
