/** The page of the library, with the network alone as a stand-in. */
import { mount, type VueWrapper } from '@vue/test-utils'
import { beforeEach, describe, expect, it, vi } from 'vitest'

import { useDesk } from '@/console/stores/desk'
import Page from '@/features/answers/Page.vue'
import { words } from '@/features/answers/words'
import { typeLabel } from '@/features/answers/list'
import type { Nouns } from '@/shared/api/types'

import { routed, signedIn, type Call } from './support'

const entry = (id: number, title: string, clicks: number, shop = ''): object => ({
  id, shop, titles: { 'zh-TW': title }, texts: { 'zh-TW': `${title}的說明` }, keywords: [title], enabled: true, position: id,
  type: id === 1 ? 'delivery' : null, clicks, created_at: '2026-11-01T00:00:00Z', updated_at: '2026-11-20T00:00:00Z',
})
const TYPES = { items: [{ name: 'delivery', label: { 'zh-TW': '運送' }, answers: 1 }, { name: 'other', label: { 'zh-TW': '其他' }, answers: 0 }] }
const TRIED = {
  outcome: 'answer',
  items: [
    { id: 1, title: '運費', text: '滿千免運。', points: 1020, keywords: ['運費'], title_share: 0.5, said: true },
    { id: 2, title: '退貨', text: '七天內。', points: 90, keywords: [], title_share: 0.1, said: false },
  ],
}

let calls: Call[]
let page: VueWrapper

const ALL = [entry(2, '退貨', 8), entry(1, '運費', 3), entry(3, '發票', 0, 'demo')]
/** As the desk does: by type, and two on a page. */
function listed(query: URLSearchParams): object {
  const type = query.get('type')
  const fit = ALL.filter((one) => type === null || ((one as { type: string | null }).type ?? '') === type).filter(() => query.get('q') !== '沒有這個')
  const from = Number(query.get('cursor'))
  return { items: fit.slice(from, from + 2), next: fit.length > from + 2 ? String(from + 2) : null, count: fit.length }
}

async function open(permissions: string[], at = '/answers', shown = 3): Promise<void> {
  document.body.innerHTML = ''
  calls = await signedIn(permissions, {
    '/answers': listed,
    '/answers/5': entry(5, '保固', 0),
    '/answers/types': TYPES,
    '/answers/try': TRIED,
    'POST /answers/delete': { deleted: 2 },
    'POST /answers': entry(4, '新的', 0),
    'PATCH /answers/1': { ...entry(1, '運費', 3), enabled: false },
  })
  await words.load()
  useDesk().nouns = { shops: [{ name: 'demo', label: { 'zh-TW': '示範商店' } }], locales: ['zh-TW', 'en'] } as unknown as Nouns
  page = mount(Page, { attachTo: document.body, global: { plugins: [await routed(at)], stubs: { RouterLink: true, 'el-icon': true } } })
  await vi.waitFor(() => expect(titles().length).toBe(Math.min(shown, 2)))
  if (shown > 2) await page.find('[data-test=answer-more]').trigger('click')
  await vi.waitFor(() => expect(titles().length).toBe(shown))
}
const titles = (): string[] => page.findAll('[data-test=answer] .words > :first-child').map((one) => one.text())
const made = (method: string): [string, unknown][] => calls.filter((call) => call.method === method).map((call) => [call.path, call.body])

beforeEach(() => open(['answers.edit', 'shops.all']))

describe('the library', () => {
  it('has the most clicked first, and narrows', async () => {
    expect(titles()).toEqual(['退貨', '運費', '發票'])
    await page.find('[data-test=answer-filter-type]').setValue('delivery')
    await vi.waitFor(() => expect(titles()).toEqual(['運費']))
    await page.find('[data-test=answer-find]').setValue('沒有這個')
    await vi.waitFor(() => expect(page.text()).toContain('沒有符合的答案'))
    const asked = calls.filter((call) => /^\/answers\?/.test(call.path)).map((call) => decodeURIComponent(call.path))
    expect(asked).toEqual(['/answers?sort=-clicks', '/answers?sort=-clicks&cursor=2', '/answers?type=delivery&sort=-clicks', '/answers?q=沒有這個&type=delivery&sort=-clicks'])
  })

  it('is narrowed as its address says', async () => {
    await open(['answers.edit'], '/answers?type=delivery&sort=position', 1)
    expect(titles()).toEqual(['運費'])
    expect(page.get<HTMLSelectElement>('[data-test=answer-order]').element.value).toBe('position')
  })

  it('opens an answer that was tried and stands on no page yet', async () => {
    await page.find('[data-test=try-open]').trigger('click')
    page.getComponent({ name: 'TryBox' }).vm.$emit('open', 5)
    await vi.waitFor(() => expect(page.get<HTMLInputElement>('[data-test=answer-title]').element.value).toBe('保固'))
  })

  it('deletes what is chosen and shown, after a question', async () => {
    for (const id of [1, 2, 3]) await page.find(`[data-id="${id}"] [data-test=answer-choose]`).trigger('change')
    await page.find('[data-test=answer-find]').setValue('的說明')
    await page.find('[data-test=answer-filter-type]').setValue('')
    await vi.waitFor(() => expect(titles()).toEqual(['退貨', '發票']))
    await page.find('[data-test=answer-remove-chosen]').trigger('click')
    expect(made('POST')).toEqual([])
    expect(page.find('[data-test=ask]').text()).toContain('刪除 2 則答案')
    await page.find('[data-test=ask] form').trigger('submit')
    await vi.waitFor(() => expect(made('POST')).toEqual([['/answers/delete', { ids: [2, 3] }]]))
  })

  it('turns one off', async () => {
    await page.find('[data-id="1"] [data-test=answer-enabled]').trigger('click')
    expect(made('PATCH')).toEqual([['/answers/1', { enabled: false }]])
  })

  it('keeps a new answer in the languages that are whole', async () => {
    await page.find('[data-test=answer-new]').trigger('click')
    const sheet = page.find('[data-test=sheet]')
    await sheet.find('[data-test=answer-title]').setValue('營業時間')
    await sheet.find('form').trigger('submit')
    expect(sheet.findAll('.wrong').map((one) => one.text())).toEqual(['「繁體中文」需要標題和答案；不需要這個語言時，請把兩格都清空。'])
    expect(document.activeElement).toBe(sheet.find('[data-test=answer-text]').element)
    await sheet.find('[data-test=answer-text]').setValue('每天 9 點到 18 點。')
    await sheet.find('[data-test=keyword-field]').setValue('幾點，營業')
    await sheet.find('form').trigger('submit')
    await vi.waitFor(() => expect(made('POST')).toHaveLength(1))
    expect(made('POST')[0]?.[1]).toEqual({
      titles: { 'zh-TW': '營業時間' },
      texts: { 'zh-TW': '每天 9 點到 18 點。' },
      keywords: ['幾點', '營業'],
      shop: '',
      enabled: true,
      position: 0,
      type: null,
    })
  })

  it('leads to the language that is half written', async () => {
    await page.find('[data-test=answer-new]').trigger('click')
    const sheet = page.find('[data-test=sheet]')
    await sheet.find('[data-test=answer-title]').setValue('營業時間')
    await sheet.find('[data-test=answer-text]').setValue('每天 9 點到 18 點。')
    await sheet.find('[data-test=answer-language-en]').trigger('click')
    await sheet.find('[data-test=answer-title]').setValue('Opening hours')
    await sheet.find('[data-test=answer-language-zh-TW]').trigger('click')
    await sheet.find('form').trigger('submit')
    await vi.waitFor(() => expect(sheet.find('.wrong').text()).toContain('English'))
    expect(sheet.find('[data-test=answer-language-en]').attributes('aria-selected')).toBe('true')
    expect(made('POST')).toEqual([])
  })

  it('tells in its own words that an order is no whole number within bounds', async () => {
    await page.find('[data-test=answer-new]').trigger('click')
    const sheet = page.find('[data-test=sheet]')
    expect(sheet.find('form').element.noValidate).toBe(true)
    await sheet.find('[data-test=answer-title]').setValue('營業時間')
    await sheet.find('[data-test=answer-text]').setValue('每天 9 點到 18 點。')
    for (const wrong of ['-1', '1.5', '1000001']) {
      await sheet.find('[data-test=answer-position]').setValue(wrong)
      await sheet.find('form').trigger('submit')
      expect(sheet.find('[data-test=answer-position] + .wrong').text()).toBe('順序請填 0 到 1,000,000 的整數。')
    }
    expect(made('POST')).toEqual([])
    await sheet.find('[data-test=answer-position]').setValue('')
    await sheet.find('form').trigger('submit')
    await vi.waitFor(() => expect(made('POST')[0]?.[1]).toMatchObject({ position: 0 }))
  })

  it('asks before something written is lost', async () => {
    await page.find('[data-test=answer-new]').trigger('click')
    await page.find('[data-test=answer-title]').setValue('營業時間')
    await page.find('[data-test=sheet]').trigger('keydown', { key: 'Escape' })
    expect(page.find('[data-test=sheet]').exists()).toBe(true)
    await page.find('[data-test=sheet-discard]').trigger('click')
    expect(page.find('[data-test=sheet]').exists()).toBe(false)
  })

  it('says what would be answered and why', async () => {
    await page.find('[data-test=try-open]').trigger('click')
    expect(page.find('[data-test=try]').text()).toContain('會先由規則回答')
    await page.find('[data-test=try-text]').setValue('請問運費')
    await vi.waitFor(() => expect(page.find('[data-test=try-outcome]').exists()).toBe(true))
    expect(calls.find((call) => call.path.startsWith('/answers/try'))?.path).toBe('/answers/try?text=%E8%AB%8B%E5%95%8F%E9%81%8B%E8%B2%BB&shop=demo')
    const said = page.find('[data-test=try]').text()
    for (const word of ['直接回答', '滿千免運。', '1020 分', '50%', '接近，但不會回答']) expect(said).toContain(word)
    expect(said).not.toContain('七天內。')
    expect(page.findAll('[data-test=try-item]').map((one) => one.attributes('data-said'))).toEqual(['true', 'false'])
  })

  it('asks before a question type is deleted', async () => {
    await page.find('[data-test=answer-types]').trigger('click')
    await page.findAll('[data-test=type-remove]')[1]?.trigger('click')
    expect(made('DELETE')).toEqual([])
    expect(page.get('[data-test=ask] h2').text()).toContain('刪除類型「')
    await page.get('[data-test=ask] form').trigger('submit')
    await vi.waitFor(() => expect(page.find('[data-test=ask]').exists()).toBe(false))
    expect(made('DELETE')).toHaveLength(1)
  })

  it('says that a question type of this name is there', async () => {
    const answer = globalThis.fetch
    vi.stubGlobal('fetch', (address: string, init: RequestInit) =>
      init.method === 'PUT' ? Promise.resolve(new Response(JSON.stringify({ code: 'type-taken' }), { status: 409, headers: { 'Content-Type': 'application/problem+json' } })) : answer(address, init))
    await page.find('[data-test=answer-types]').trigger('click')
    await page.find('[data-test=type-new]').trigger('click')
    await page.find('[data-test=type-label-en]').setValue('Returns')
    await page.find('[data-test=types] form').trigger('submit')
    await vi.waitFor(() => expect(page.get('[data-test=types] [role=alert]').text()).toContain('已經有同名的類型'))
  })

  it('calls a question type by the name that it has, in whatever language', () => {
    const type = { name: 'type_mx1913lr', label: { en: 'Returns' }, answers: 0 }
    expect(typeLabel(type, 'zh-TW')).toBe('Returns')
    expect(typeLabel({ ...type, label: { en: 'Returns', 'zh-CN': '退货' } }, 'zh-TW')).toBe('退货')
  })

  it('takes away only question types that nothing has', async () => {
    await page.find('[data-test=answer-types]').trigger('click')
    const removes = page.findAll('[data-test=type-remove]')
    expect(removes.map((one) => one.attributes('disabled') !== undefined)).toEqual([true, false])
    await page.find('[data-test=type-new]').trigger('click')
    await page.find('[data-test=type-label-en]').setValue('Returns & refunds')
    await page.find('[data-test=types] form').trigger('submit')
    await vi.waitFor(() => expect(made('PUT')).toEqual([['/answers/types/returns_refunds', { label: { en: 'Returns & refunds' } }]]))
  })
})

it('who serves some shops keeps what is theirs, and only reads what every shop says', async () => {
  await open(['answers.edit'])
  const fixed = page.findAll('[data-test=answer-choose]').map((one) => one.attributes('disabled') !== undefined)
  expect(titles()).toEqual(['退貨', '運費', '發票'])
  expect(fixed).toEqual([true, true, false])
  await page.find('[data-test=answer-types]').trigger('click')
  const types = page.get('[data-test=types]')
  expect(types.get('[data-test=types-fixed]').text()).toContain('服務所有商店的同事')
  expect(types.findAll('[data-test=type]')).toHaveLength(2)
  for (const hook of ['type-edit', 'type-remove', 'type-new', 'type-save']) expect(types.find(`[data-test=${hook}]`).exists()).toBe(false)
})
