/** What every proxied request is answered with: ASCII, about as long as one record of an API. */
export const SMALL_ANSWER: string = JSON.stringify({
  fileId: '00000000007E2A1F67756964236665646362613938373635343332313031',
  name: 'measurements-2024-06.csv',
  type: 'REG',
  size: 73_214_465,
  mode: '644',
  mtime: 1_716_204_711,
})

/** The size of an upload and of a download. */
export const BODY_BYTES: number = 8 * 1024 * 1024

/** How many events a stream has, one a second. */
export const EVENTS = 20
