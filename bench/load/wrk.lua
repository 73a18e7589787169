-- What wrk found out, as one line of JSON: a ClosedLoopResult. With FRESH_TOKENS, a file with a token a line, every
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
  local ms = function(part) return latency:percentile(part) / 1000 end
  io.write(string.format(
    '{"requests":%d,"requestsPerSecond":%.3f,"p50Ms":%.3f,"p99Ms":%.3f,"p999Ms":%.3f,"wrong":%d,"bytesPerRequest":%.3f}\n',
    summary.requests, summary.requests * 1e6 / summary.duration, ms(50), ms(99), ms(99.9),
    errors.status + errors.connect + errors.read + errors.write + errors.timeout,
    summary.bytes / math.max(1, summary.requests)))
end
