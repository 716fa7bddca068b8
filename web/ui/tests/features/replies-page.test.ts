/** The page of quick replies, with the network alone as a stand-in. */
import { mount, type VueWrapper } from '@vue/test-utils'
import { describe, expect, it, vi } from 'vitest'

import { useDesk } from '@/console/stores/desk'
import Page from '@/features/quick-replies/Page.vue'
import { words } from '@/features/quick-replies/words'
import type { Nouns } from '@/shared/api/types'

import { routed, signedIn, type Call } from './support'

const reply = (id: number, title: string, more: object): object => ({
  id, title, text: `${title}：{member.name}`, group: null, scope: 'personal', shop: null, mine: true, uses: id, keys: [],
  updated_at: '2026-11-22T01:00:00Z', ...more,
})
const ITEMS = [
  reply(1, '稍等', { keys: ['shaodeng', 'sd'] }),
  reply(2, '問候', { scope: 'desk', mine: false, group: '常用' }),
  reply(3, '退款', { scope: 'shop', shop: 'demo', mine: false, group: '售後' }),
]

let calls: Call[]
let page: VueWrapper

async function open(permissions: string[], items: object[] = ITEMS, at = '/quick-replies'): Promise<void> {
  document.body.innerHTML = ''
  calls = await signedIn(permissions, { '/quick-replies': { items, next: null }, 'POST /quick-replies': reply(9, '新的', {}) })
  await words.load()
  useDesk().nouns = { shops: [{ name: 'demo', label: { 'zh-TW': '示範商店' } }], locales: ['zh-TW'] } as unknown as Nouns
  page = mount(Page, { attachTo: document.body, global: { plugins: [await routed(at)], stubs: { RouterLink: true, 'el-icon': true } } })
  await vi.waitFor(() => expect(page.text()).toMatch(/稍等|還沒有常用語/))
}
const titles = (): string[] => page.findAll('[data-test=reply] .name > :first-child').map((one) => one.text())
const made = (method: string): [string, unknown][] => calls.filter((call) => call.method === method).map((call) => [call.path, call.body])

describe('the page of quick replies', () => {
  it('keeps groups together, and narrows by letters and by whose they are', async () => {
    await open(['ticket.reply'])
    expect(page.findAll('section h2').map((one) => one.text())).toEqual(['售後 1', '常用 1', '未分組 1'])
    await page.find('[data-test=reply-find]').setValue('sd')
    expect(titles()).toEqual(['稍等'])
    await page.find('[data-test=reply-find]').setValue('')
    await page.find('[data-test=reply-scope-shared]').trigger('click')
    expect(titles()).toEqual(['退款', '問候'])
  })

  it('is narrowed as its address says', async () => {
    await open(['ticket.reply'], ITEMS, '/quick-replies?scope=mine&group=')
    expect(titles()).toEqual(['稍等'])
    expect(page.get<HTMLSelectElement>('[data-test=reply-group]').element.selectedIndex).toBe(3)
  })

  it('lets each keep what is one’s own, and copy what is shared', async () => {
    await open(['ticket.reply'])
    expect(page.findAll('[data-test=reply-edit]')).toHaveLength(1)
    await page.find('[data-id="3"] [data-test=reply-copy]').trigger('click')
    await vi.waitFor(() =>
      expect(made('POST')).toEqual([['/quick-replies', { title: '退款', text: '退款：{member.name}', group: '售後', scope: 'personal', shop: null }]]),
    )
  })

  it('lets who may share keep a shop’s, and the desk’s who serves every shop', async () => {
    await open(['ticket.reply', 'quick_replies.share'])
    expect(page.findAll('[data-test=reply-edit]')).toHaveLength(2)
    await open(['ticket.reply', 'quick_replies.share', 'shops.all'])
    expect(page.findAll('[data-test=reply-edit]')).toHaveLength(3)
  })

  it('makes a new one with variables and shows what a member would read', async () => {
    await open(['ticket.reply'])
    await page.find('[data-test=reply-new]').trigger('click')
    await page.find('[data-test=reply-title]').setValue('開場')
    await page.find('[data-test=reply-text]').setValue('您好 ')
    await page.find('[data-test="reply-variable-member.name"]').trigger('click')
    await vi.waitFor(() => expect(page.find('[data-test=reply-preview]').text()).toBe('您好 王小明'))
    await page.find('[data-test=reply-text]').setValue('您好 {member.nam}')
    expect(page.text()).toContain('沒有這個變數：{member.nam}')
    await page.find('[data-test=sheet] form').trigger('submit')
    await vi.waitFor(() =>
      expect(made('POST')).toEqual([['/quick-replies', { title: '開場', text: '您好 {member.nam}', group: null, scope: 'personal', shop: null }]]),
    )
  })

  it('deletes after a question', async () => {
    await open(['ticket.reply'])
    await page.find('[data-test=reply-edit]').trigger('click')
    await page.find('[data-test=reply-remove]').trigger('click')
    expect(made('DELETE')).toEqual([])
    await page.find('[data-test=ask] form').trigger('submit')
    await vi.waitFor(() => expect(titles()).not.toContain('稍等'))
    expect(made('DELETE')).toEqual([['/quick-replies/1', null]])
  })

  it('says what to do where nothing is', async () => {
    await open(['ticket.reply'], [])
    expect(page.text()).toContain('把每天要寫好幾次的話存成常用語')
  })
})
