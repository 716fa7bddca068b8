/** Decides the keys; the compiler holds the other languages to them. */
export const words = {
  mine: '我的進行中',
  'hint.mine': '分派給我、尚未結案',
  overdue: '已逾時',
  'hint.overdue': '超過服務時限',
  unassigned: '未分派',
  'hint.unassigned': '還沒有承辦人',
  waiting: '等待回覆',
  'hint.waiting': '會員在等我們回覆',
}

export type Words = Record<keyof typeof words, string>
