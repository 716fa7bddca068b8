import type { Words } from './zh-TW'

export const words: Words = {
  mine: '我的进行中',
  'hint.mine': '分配给我、尚未结案',
  overdue: '已超时',
  'hint.overdue': '超过服务时限',
  unassigned: '未分配',
  'hint.unassigned': '还没有负责人',
  waiting: '等待回复',
  'hint.waiting': '会员在等我们回复',
}
