import { describe, expect, it } from 'vitest'

import { deskOrigin } from '@/shared/origin'

describe('deskOrigin', () => {
  it.each([
    ['https://desk.example/widget.js', 'https://desk.example'],
    ['http://127.0.0.1:8080/widget.js?v=1', 'http://127.0.0.1:8080'],
    ['javascript:alert(1)', null],
    ['widget.js', null],
    ['', null],
  ])('%s → %s', (address, origin) => {
    expect(deskOrigin(address)).toBe(origin)
  })
})
