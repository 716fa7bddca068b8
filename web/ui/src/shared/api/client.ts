/** The desk's HTTP API from a page of the desk: cookie session, CSRF token, problem documents. */
import { encode } from '@/shared/text'
import type { Attachment, Problem } from './types'

/** An answer that is not 2xx, or none at all (`status` 0, code `offline`, or `aborted` when it was called off). */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly problem: Problem | null,
  ) {
    super(problem?.detail || problem?.title || code)
  }
}

export type Query = Record<string, string | number | boolean | null | undefined>

export interface Client {
  /** Set after login and `GET /auth/me`; sent with every change. */
  csrf: string | null
  /** Called once for each 401 to anything but the login itself. */
  onSignedOut: () => void
  get<T>(path: string, query?: Query): Promise<T>
  post<T>(path: string, body?: unknown, idempotencyKey?: string): Promise<T>
  /** A question with a long body, which may be called off: then ApiError `aborted`. */
  ask<T>(path: string, body: unknown, signal: AbortSignal): Promise<T>
  /** A question answered by a picture. */
  draw(path: string, body: unknown, signal: AbortSignal): Promise<Blob>
  patch<T>(path: string, body: unknown): Promise<T>
  put<T>(path: string, body?: unknown): Promise<T>
  remove<T = void>(path: string): Promise<T>
  upload(file: File): Promise<Attachment>
}

const BASE = '/api/v1'

export function address(path: string, query: Query = {}): string {
  const pairs = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== '') pairs.set(name, String(value))
  }
  const text = pairs.toString()
  return BASE + path + (text ? `?${text}` : '')
}

async function problemOf(answer: Response): Promise<ApiError> {
  let problem: Problem | null = null
  try {
    problem = (await answer.json()) as Problem
  } catch {
    // A proxy's page or nothing: the status alone has to do.
  }
  return new ApiError(answer.status, problem?.code ?? `http-${answer.status}`, problem)
}

export function createClient(): Client {
  async function send(method: string, path: string, init: RequestInit): Promise<Response> {
    const headers = new Headers(init.headers)
    headers.set('Accept', 'application/json')
    if (method !== 'GET' && client.csrf) headers.set('X-CSRF-Token', client.csrf)
    let answer: Response
    try {
      answer = await fetch(path, { ...init, method, headers, credentials: 'same-origin' })
    } catch {
      throw new ApiError(0, init.signal?.aborted ? 'aborted' : 'offline', null)
    }
    if (!answer.ok) {
      const problem = await problemOf(answer)
      if (problem.status === 401 && !path.endsWith('/auth/login')) client.onSignedOut()
      throw problem
    }
    return answer
  }

  async function ask<T>(method: string, path: string, init: RequestInit = {}): Promise<T> {
    const answer = await send(method, path, init)
    const text = await answer.text().catch(() => {
      throw new ApiError(0, init.signal?.aborted ? 'aborted' : 'offline', null)
    })
    return (text ? JSON.parse(text) : undefined) as T
  }

  const json = (body: unknown, headers: Record<string, string> = {}): RequestInit =>
    body === undefined ? { headers } : { headers: { ...headers, 'Content-Type': 'application/json' }, body: encode(body) }

  const client: Client = {
    csrf: null,
    onSignedOut: () => undefined,
    get: (path, query) => ask('GET', address(path, query)),
    post: (path, body, key) => ask('POST', BASE + path, json(body, key ? { 'Idempotency-Key': key } : {})),
    ask: (path, body, signal) => ask('POST', BASE + path, { ...json(body), signal }),
    draw: async (path, body, signal) => (await send('POST', BASE + path, { ...json(body), signal })).blob(),
    patch: (path, body) => ask('PATCH', BASE + path, json(body)),
    put: (path, body) => ask('PUT', BASE + path, json(body)),
    remove: (path) => ask('DELETE', BASE + path),
    upload: (file) => {
      const form = new FormData()
      form.append('file', file, file.name)
      return ask('POST', `${BASE}/files`, { body: form })
    },
  }
  return client
}

/** The console's one client. */
export const api = createClient()

export const fileAddress = (id: string): string => `${BASE}/files/${encodeURIComponent(id)}`
