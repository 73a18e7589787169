-- What wrk found out, as one line of JSON; times in microseconds. With FRESH_TOKENS, a file with a token a line, every
-- FRESH_EVERY-th request carries the next of them in the place of the token that all others carry.

local file = os.getenv('FRESH_TOKENS')

if file then
  local fresh, next_one, sent = {}, 1, 0
  local every = tonumber(os.getenv('FRESH_EVERY'))
  local usual

  function init()
    for token in io.lines(file) do fresh[#fresh + 1] = token end
    usual = wrk.format()
  end

  function request()
    sent = sent + 1
    local token = sent % every == 0 and fresh[next_one]
    if not token then return usual end
    next_one = next_one + 1
    return wrk.format(nil, nil, { Host = wrk.headers['Host'], Authorization = 'Bearer ' .. token })
  end
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"micros":%d,"bytes":%d,"badStatus":%d,"missing":%d,"p50":%d,"p99":%d,"p999":%d}\n',
    summary.requests, summary.duration, summary.bytes, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50), latency:percentile(99), latency:percentile(99.9)))
end
