/** The tickets an agent has open, as tabs that stay until he closes them (in this browser tab). */
import { defineStore } from 'pinia'
import { ref, watch } from 'vue'

import { useSession } from './session'

/** More than fit on a screen are no help; the one opened longest ago makes room. */
const MOST = 8

export const useTabs = defineStore('tabs', () => {
  const session = useSession()
  /** Each has his own: the next one on this device is not led to tickets that may not be his to see. */
  const key = (): string => `yingda.tabs.${session.user?.username ?? ''}`
  const numbers = ref<number[]>(restore(key()))
  watch(key, (now) => (numbers.value = restore(now)), { flush: 'sync' })
  watch(numbers, (now) => sessionStorage.setItem(key(), JSON.stringify(now)), { flush: 'sync' })

  function open(number: number): void {
    if (numbers.value.includes(number)) return
    numbers.value = [...numbers.value, number].slice(-MOST)
  }

  /** Returns the neighbour to show instead; null when it was the last. */
  function close(number: number): number | null {
    const place = numbers.value.indexOf(number)
    numbers.value = numbers.value.filter((one) => one !== number)
    return numbers.value[Math.min(place, numbers.value.length - 1)] ?? null
  }

  return { numbers, open, close }
})

function restore(key: string): number[] {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(key) ?? '[]')
    return Array.isArray(kept) ? kept.filter((one): one is number => Number.isInteger(one)).slice(-MOST) : []
  } catch {
    return []
  }
}
