/** Parts come and go with the rights of who sits here; words follow the language. */
import { mount } from '@vue/test-utils'
import { beforeEach, describe, expect, it, vi } from 'vitest'

import { isFilled, partsIn, prepare } from '@/features'
import Place from '@/features/Place.vue'
import { fetchedWords, setLocale } from '@/shared/i18n/vue'

import { signedIn } from './support'

beforeEach(() => signedIn(['ticket.view'], {}))

describe('a place', () => {
  it('shows what features put there', async () => {
    const place = mount(Place, { props: { name: 'home.cards', given: {} }, global: { stubs: { RouterLink: { template: '<a><slot /></a>' } } } })
    await vi.waitFor(() => expect(place.findAll('li')).toHaveLength(4))
    expect(place.text()).toContain('未分派')
  })

  it('is there at once when its page has prepared it', async () => {
    await prepare('home.cards')
    expect(partsIn('home.cards')).toHaveLength(2)
  })

  it('is empty where nobody fills it', () => {
    expect(isFilled('member.panels')).toBe(false)
  })

  it('shows nothing to who lacks the right', async () => {
    await prepare('home.cards')
    expect(isFilled('home.cards')).toBe(true)
    await signedIn([], {})
    expect([isFilled('home.cards'), partsIn('home.cards')]).toEqual([false, []])
  })
})

describe('words that are fetched', () => {
  const file = (hello: string): (() => Promise<{ words: { hello: string } }>) => async () => ({ words: { hello } })
  const words = fetchedWords({ 'zh-TW': file('{name}，您好'), 'zh-CN': file('{name}，您好！'), en: file('Hello {name}') })

  it('are the key until they are here, then follow the language of the page', async () => {
    expect(words.t('hello')).toBe('hello')
    await words.load()
    expect(words.t('hello', { name: '小明' })).toBe('小明，您好')
    await setLocale('en', false)
    expect(words.t('hello', { name: 'Amy' })).toBe('Hello Amy')
    await setLocale('zh-TW', false)
    expect(words.t('hello', { name: '小明' })).toBe('小明，您好')
  })

  it('come in the language chosen while they were under way', async () => {
    let open: (file: { words: { hello: string } }) => void = () => undefined
    const late = new Promise<{ words: { hello: string } }>((done) => (open = done))
    const slow = fetchedWords({
      'zh-TW': () => late,
      'zh-CN': file('您好'),
      en: file('Hello'),
    })
    const loading = slow.load()
    await setLocale('en', false)
    open({ words: { hello: '您好' } })
    await loading
    expect(slow.t('hello')).toBe('Hello')
    await setLocale('zh-TW', false)
  })
})
