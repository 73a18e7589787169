let field = ''

/** The `Date` of now (RFC 9110 §6.6.1) as a line; made once a second. */
export function dateField(): string {
  if (field === '') {
    const now = new Date()
    field = `Date: ${now.toUTCString()}\r\n`
    setTimeout(forget, 1000 - now.getMilliseconds()).unref()
  }
  return field
}

function forget(): void {
  field = ''
}
