/** The tickets an agent has open, as tabs that stay until he closes them (in this browser tab). */
import { defineStore } from 'pinia'
import { ref, watch } from 'vue'

const KEPT = 'yingda.tabs'
/** More than fit on a screen are no help; the one opened longest ago makes room. */
const MOST = 8

export const useTabs = defineStore('tabs', () => {
  const numbers = ref<number[]>(restore())
  watch(numbers, (now) => sessionStorage.setItem(KEPT, JSON.stringify(now)))

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

function restore(): number[] {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(KEPT) ?? '[]')
    return Array.isArray(kept) ? kept.filter((one): one is number => Number.isInteger(one)).slice(-MOST) : []
  } catch {
    return []
  }
}
