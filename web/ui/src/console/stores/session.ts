/** Who sits here, and what he may: login, own status, the devices he is signed in on. */
import { defineStore } from 'pinia'
import { computed, shallowRef } from 'vue'

import { api, ApiError } from '@/shared/api/client'
import type { Login, Me, Page, Session, Status, User } from '@/shared/api/types'
import { maybeSignedIn } from '@/shared/signed'

export const useSession = defineStore('session', () => {
  const user = shallowRef<User | null>(null)
  const permissions = shallowRef<readonly string[]>([])
  const asked = shallowRef(false)
  /** Characters of one line, as the desk is set up. */
  const longestLine = shallowRef<number>()

  const isAgent = computed(() => user.value?.kind === 'agent')
  const may = (permission: string): boolean => permissions.value.includes(permission)

  function take(answer: Me | Login): void {
    user.value = answer.user
    permissions.value = answer.permissions
    api.csrf = answer.csrf
    longestLine.value = answer.longest_line
    asked.value = true
  }

  /** Ask once who we are; null when nobody is signed in. */
  async function load(): Promise<User | null> {
    if (asked.value) return user.value
    if (!maybeSignedIn()) {
      asked.value = true
      return null
    }
    try {
      take(await api.get<Me>('/auth/me'))
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 401) throw error
      asked.value = true
    }
    return user.value
  }

  async function signIn(username: string, password: string): Promise<User> {
    take(await api.post<Login>('/auth/login', { username, password, cookie: true }))
    // The cookie's own token for changes, should the login not have told it.
    if (!api.csrf) take(await api.get<Me>('/auth/me'))
    return user.value as User
  }

  async function signOut(): Promise<void> {
    await api.post('/auth/logout')
    forget()
  }

  function forget(): void {
    user.value = null
    permissions.value = []
    api.csrf = null
    asked.value = true
  }

  function statusIs(status: Status): void {
    if (user.value && user.value.status !== status) user.value = { ...user.value, status }
  }

  async function setStatus(status: Status): Promise<void> {
    await api.post('/me/status', { status })
    statusIs(status)
  }

  const sessions = async (): Promise<Session[]> => (await api.get<Page<Session>>('/auth/sessions')).items
  const revoke = (id: Session['id']): Promise<void> => api.remove(`/auth/sessions/${id}`)

  return { user, permissions, longestLine, isAgent, may, load, signIn, signOut, forget, statusIs, setStatus, sessions, revoke }
})
