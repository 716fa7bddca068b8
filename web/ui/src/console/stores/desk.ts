/** The live picture of the desk: the folded state, its socket, and the fetches that events make necessary. */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'

import { api, ApiError } from '@/shared/api/client'
import { EMPTY, fold, type DeskEvent, type DeskState } from '@/shared/api/fold'
import { Live, socketAddress, type Connection } from '@/shared/api/live'
import type { Agent, DraftPlace, Frame, Message, Notice, Nouns, Page, Team, Ticket, View, ViewName } from '@/shared/api/types'

import { alertFor } from '../alert'
import { useSession } from './session'

/** Several events in a burst ask the lists once; a busy desk asks them at most this often. */
const QUIET = 350
const SELDOM = 2_500
const AT_ONCE = 6
/** Who has how much to do, while things happen. */
const PEOPLE_EVERY = 15_000
/** Somebody who typed this long ago has stopped. */
const TYPING_LASTS = 5_000

/** Any of these shows who the others are. */
const COLLEAGUES = ['ticket.view', 'monitor.view', 'agents.manage']

export const useDesk = defineStore('desk', () => {
  const session = useSession()
  const state = shallowRef<DeskState>(EMPTY)
  const connection = ref<Connection>('closed')
  const nouns = shallowRef<Nouns | null>(null)
  const agents = shallowRef<readonly Agent[]>([])
  const teams = shallowRef<readonly Team[]>([])
  /** How many each view has; null: too many to be counted in time. */
  const views = shallowRef<Partial<Record<ViewName, number | null>>>({})
  /** The saved views; null before the desk has answered. */
  const saved = shallowRef<readonly View[] | null>(null)
  /** The ticket on the screen: what comes in for it is read as it comes. */
  const shown = ref<number | null>(null)
  /** Grows when lists have to be asked again; those who show one watch it. */
  const listNews = ref(0)

  const typingTimers = new Map<number, ReturnType<typeof setTimeout>>()
  let quiet: ReturnType<typeof setTimeout> | undefined
  let live: Live | null = null
  let wasOpen = false
  let lists: ReturnType<typeof setTimeout> | undefined
  let listsAsked = 0
  let peopleAsked = 0
  /** Askings for the views are numbered: an answer is taken unless one that was asked for later is here already. */
  let viewsAsked = 0
  let viewsTaken = 0

  const dispatch = (event: DeskEvent): void => {
    state.value = fold(state.value, event)
    if (state.value.stale || state.value.missing.length > 0) schedule()
  }

  function schedule(): void {
    quiet ??= setTimeout(() => {
      quiet = undefined
      void catchUp()
    }, QUIET)
  }

  /** Fetch what the events could not tell. A failure is no news: the next event or connection asks again. */
  async function catchUp(): Promise<void> {
    const numbers = state.value.missing
    const stale = state.value.stale
    dispatch({ type: 'missing-asked', numbers })
    dispatch({ type: 'lists-asked' })
    if (stale) {
      clearTimeout(lists)
      lists = setTimeout(() => void freshenLists(), Math.max(0, listsAsked + SELDOM - Date.now()))
    }
    // The one on the screen is read again, too: its targets go with what is said, and no event tells them. On a busy
    // desk not every unknown ticket is worth a fetch: those that belong into a list come with the list.
    const wanted = new Set([...(shown.value === null ? [] : [shown.value]), ...numbers])
    await Promise.allSettled([...wanted].slice(0, AT_ONCE).map((number) => loadTicket(number)))
  }

  async function freshenLists(): Promise<void> {
    listsAsked = Date.now()
    listNews.value++
    await Promise.allSettled([loadViews(), ...(Date.now() - peopleAsked > PEOPLE_EVERY ? [loadPeople()] : [])])
  }

  function receive(frame: Frame): void {
    const before = state.value
    dispatch(frame)
    if (frame.type === 'message' && state.value !== before) {
      const number = frame.message.ticket
      if (number !== null && number === shown.value && document.visibilityState === 'visible') read(number)
      if (frame.message.author.kind === 'member') alertFor(number === null ? undefined : state.value.tickets[number])
    }
    if (frame.type === 'notice' && state.value !== before) alertFor(undefined)
    if (frame.type === 'typing' && frame.ticket) {
      const number = frame.ticket
      clearTimeout(typingTimers.get(number))
      typingTimers.set(
        number,
        setTimeout(() => dispatch({ type: 'typing-over', number }), TYPING_LASTS),
      )
    }
    if (frame.type === 'presence' && frame.agent.username === session.user?.username) {
      session.statusIs(frame.agent.status)
    }
  }

  /** Tickets, who serves them, and what is told of them: who has not this right is refused all of it, and the socket; so nobody asks. */
  const seesTickets = (): boolean => session.may('ticket.view')

  /** Once per sign-in: nouns, people, counts and own work at the same time, then the socket. */
  async function start(): Promise<void> {
    if (live) return
    live = new Live({
      address: socketAddress(location.origin, '/ws/agent'),
      hello: () => ({ type: 'hello', token: null, since: state.value.seq }),
      onFrame: receive,
      onConnection: (now) => {
        connection.value = now
        if (now === 'open') void opened()
      },
      onRefused: (code) => {
        if (code === 4401) api.onSignedOut()
        return false
      },
    })
    if (seesTickets()) live.open()
    const own = seesTickets() ? [list('mine', '', null)] : []
    await Promise.allSettled([loadNouns(), loadPeople(), loadViews(), loadNotices(), ...own])
  }

  /** What happened between a fetch and this connection, or is in no log (counts, presence), is asked again. */
  async function opened(): Promise<void> {
    const again = wasOpen
    wasOpen = true
    const lines = !again && shown.value !== null ? [loadLines(shown.value)] : []
    await Promise.allSettled([catchUp(), freshenLists(), loadDrafts(), ...lines, ...(again ? [loadPeople()] : [])])
  }

  function stop(): void {
    live?.close()
    live = null
    wasOpen = false
    clearTimeout(quiet)
    clearTimeout(lists)
    quiet = undefined
    state.value = EMPTY
    nouns.value = null
    views.value = {}
    saved.value = null
    viewsTaken = viewsAsked + 1
  }

  async function loadNouns(): Promise<void> {
    nouns.value = await api.get<Nouns>('/nouns')
  }

  async function loadPeople(): Promise<void> {
    if (!COLLEAGUES.some(session.may)) return
    peopleAsked = Date.now()
    const [people, groups] = await Promise.all([
      api.get<Page<Agent>>('/agents'),
      api.get<Page<Team>>('/teams'),
    ])
    agents.value = people.items
    teams.value = groups.items
  }

  async function loadViews(): Promise<void> {
    if (!seesTickets()) return
    const mine = ++viewsAsked
    const answer = await api.get<{ items: View[] }>('/views')
    if (mine < viewsTaken) return
    viewsTaken = mine
    saved.value = answer.items.filter((view) => view.id !== null)
    views.value = Object.fromEntries(answer.items.filter((view) => view.id === null).map((view) => [view.name, view.count]))
  }

  /** Where own drafts are; what happens to them while the line is up comes as frames. */
  async function loadDrafts(): Promise<void> {
    dispatch({ type: 'drafts-loaded', places: (await api.get<Page<DraftPlace>>('/drafts')).items })
  }

  async function loadNotices(): Promise<void> {
    dispatch({ type: 'notices-loaded', notices: (await api.get<Page<Notice>>('/notices', { limit: 50 })).items })
  }

  /** A page of a view; the tickets land in the state, the answer says which they are. */
  async function list(view: ViewName | View, q: string, cursor: string | null): Promise<{ numbers: number[]; next: string | null }> {
    const page = await api.get<Page<Ticket>>('/tickets', { ...(typeof view === 'string' ? { view } : { filter: view.filter, sort: view.sort }), q, limit: 50, cursor })
    dispatch({ type: 'tickets-loaded', tickets: page.items })
    return { numbers: page.items.map((ticket) => ticket.number), next: page.next }
  }

  async function loadTicket(number: number): Promise<void> {
    dispatch({ type: 'tickets-loaded', tickets: [await api.get<Ticket>(`/tickets/${number}`)] })
  }

  /** The whole conversation; very long ones in a few pages. */
  async function loadLines(number: number): Promise<void> {
    let before: string | null = null
    for (let pages = 0; pages < 10; pages++) {
      const page: Page<Message> = await api.get(`/tickets/${number}/messages`, { limit: 200, before })
      dispatch({ type: 'lines-loaded', number, lines: page.items })
      before = page.next
      if (!before) return
    }
  }

  /** The same from the beginning: lines may have gone into another case. */
  async function rereadLines(number: number): Promise<void> {
    dispatch({ type: 'lines-forgotten', number })
    await loadLines(number)
  }

  function read(number: number): void {
    if (connection.value !== 'open' && state.value.seq === 0) return
    dispatch({ type: 'read', number })
    void api.post(`/tickets/${number}/read`, { seq: state.value.seq }).catch((error: unknown) => {
      // Not worth a word to the person: the mark simply stays until the next look.
      if (!(error instanceof ApiError)) throw error
    })
  }

  const typing = (number: number): void => void live?.send({ type: 'typing', ticket: number, visibility: 'public' })

  const hasDraft = (number: number): boolean => Object.keys(state.value.drafts[number] ?? {}).length > 0

  const ticket = (number: number): Ticket | undefined => state.value.tickets[number]
  const unreadMine = computed(() =>
    Object.values(state.value.tickets)
      .filter((one) => one.assignee === session.user?.username && one.category !== 'closed')
      .reduce((sum, one) => sum + (one.unread ?? 0), 0),
  )
  const people = computed(() =>
    agents.value.map((agent) => ({ ...agent, ...state.value.presence[agent.username] })),
  )

  return {
    state,
    connection,
    nouns,
    agents: people,
    teams,
    views,
    saved,
    shown,
    listNews,
    unreadMine,
    dispatch,
    start,
    stop,
    list,
    loadTicket,
    loadLines,
    rereadLines,
    loadNouns,
    loadViews,
    read,
    typing,
    hasDraft,
    ticket,
  }
})
