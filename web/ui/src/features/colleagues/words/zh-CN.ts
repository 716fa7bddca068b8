import type { Words } from './zh-TW'

export const words: Words = {
  title: '同时服务的对话',
  hint: '每位客服同时最多接几个在线对话；0 表示不分配。已在手上的不受影响。',
  capacity: '{name} 同时最多几个对话',
  load: '当前 {load} 个',
  saved: '“{name}”改为最多 {capacity} 个。',
  wrong: '请填 0 到 {most} 的整数。',
  empty: '还没有同事',
}
