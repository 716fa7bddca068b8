/** A word about what was just done, for a moment; failures stay longer. Read out to who does not see it. */
import { ref } from 'vue'

export interface Toast {
  id: number
  tone: 'ok' | 'problem'
  text: string
}

export const toasts = ref<Toast[]>([])
let last = 0

function show(tone: Toast['tone'], text: string, milliseconds: number): void {
  const id = ++last
  toasts.value = [...toasts.value.filter((toast) => toast.text !== text), { id, tone, text }].slice(-4)
  setTimeout(() => dismiss(id), milliseconds)
}

export function dismiss(id: number): void {
  toasts.value = toasts.value.filter((toast) => toast.id !== id)
}

export const tell = {
  done: (text: string): void => show('ok', text, 2_500),
  problem: (text: string): void => show('problem', text, 8_000),
}
