/** A word about what was just done, for a moment; failures stay longer. Read out to who does not see it. */
import { ref } from 'vue'

export interface Toast {
  id: number
  tone: 'ok' | 'problem'
  text: string
  /** What can be done about it, while it is there. */
  action?: ToastAction
}

export interface ToastAction {
  text: string
  run: () => Promise<void>
}

export const toasts = ref<Toast[]>([])
let last = 0

function show(tone: Toast['tone'], text: string, milliseconds: number, action?: ToastAction): void {
  const id = ++last
  toasts.value = [...toasts.value.filter((toast) => toast.text !== text), { id, tone, text, ...(action ? { action } : {}) }].slice(-4)
  setTimeout(() => dismiss(id), milliseconds)
}

export function dismiss(id: number): void {
  toasts.value = toasts.value.filter((toast) => toast.id !== id)
}

export const tell = {
  done: (text: string, action?: ToastAction): void => show('ok', text, action ? 10_000 : 2_500, action),
  problem: (text: string): void => show('problem', text, 8_000),
}
