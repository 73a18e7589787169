import { readOption } from '../authenticator/index.ts'
import { parseRouteHost } from './host-name.ts'
import { parseRouteMethod } from './route-methods.ts'
import { parseRoutePath } from './route-path.ts'

/** What a route says about the requests that it is for. */
export interface RouteMatch {
  /**
   * `/exact`, `/users/:id/files` (`:id` is any one segment), `/prefix/**` or `/**`. Compared segment by segment and
   * with regard to case; `/prefix/**` is also `/prefix`. Of several routes that match, the first one counts.
   */
  readonly path: string
  /**
   * Names that `Host` must say, its port aside: a name, an IP address, or `*.example.org`, where `*` is exactly one
   * label.
   *
   * @default every host
   */
  readonly hosts?: readonly string[] | undefined
  /**
   * Methods that take this route, in capital letters; `GET` brings `HEAD`. Other methods are for the routes after it.
   *
   * @default every method that the gateway carries
   */
  readonly methods?: readonly string[] | undefined
}

/**
 * Checks which requests a route is for, and writes hosts in their one spelling.
 *
 * @param at Name of the route among the options.
 * @throws {TypeError} naming the option that makes no sense.
 */
export function readRouteMatch(
  at: string,
  { path, hosts, methods }: RouteMatch,
): Required<RouteMatch> {
  return {
    path: readOption(`${at}.path`, path, parseRoutePath),
    hosts: readList(`${at}.hosts`, hosts, parseRouteHost),
    methods: readList(`${at}.methods`, methods, parseRouteMethod),
  }
}

function readList(
  name: string,
  given: readonly string[] | undefined,
  parse: (text: string) => string,
): string[] | undefined {
  if (given === undefined) return undefined
  if (given.length === 0) throw new TypeError(`"${name}" must not be empty; leave it out`)
  return given.map((text, index) => readOption(`${name}[${index}]`, text, parse))
}
