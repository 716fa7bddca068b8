/** Decides the keys; the compiler holds the other languages to them. */
export const words = {
  title: '同時服務的對話',
  hint: '每位客服同時最多接幾個線上對話；0 表示不派。已在手上的不受影響。',
  capacity: '{name} 同時最多幾個對話',
  load: '目前 {load} 個',
  saved: '「{name}」改為最多 {capacity} 個。',
  wrong: '請填 0 到 {most} 的整數。',
  empty: '還沒有同事',
}

export type Words = Record<keyof typeof words, string>
