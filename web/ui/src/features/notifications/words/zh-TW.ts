/** Decides the keys; the compiler holds the other languages to them. */
export const words = {
  title: '通知',
  empty: '目前沒有通知',
  emptyHint: '規則要提醒你的事會出現在這裡。',
  fresh: '新',
  count: '{n} 則未讀通知',
}

export type Words = Record<keyof typeof words, string>
