-- What wrk found out, as one line of JSON: a ClosedLoopResult. With FRESH_TOKENS, a file with a token a line, every
-- FRESH_EVERY-th request carries the next of them in the place of the token that all others carry. KIND: how requests
-- look.

local file = os.getenv('FRESH_TOKENS')
local kind = os.getenv('KIND')

if kind == 'post' then
  wrk.method, wrk.body = 'POST', '{"text":"' .. string.rep('x', 389) .. '"}'
  wrk.headers['Content-Type'] = 'application/json'
elseif kind == 'last' then
  wrk.headers['Connection'] = 'close'
elseif kind == 'browser' then
  local sent = 0
  wrk.headers['User-Agent'] = 'Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0'
  wrk.headers['Accept'] = 'application/json, text/plain, */*'
  wrk.headers['Accept-Language'] = 'en-US,en;q=0.5'
  wrk.headers['Accept-Encoding'] = 'gzip, deflate, br, zstd'
  wrk.headers['Cookie'] = 'session=0123456789abcdef0123456789abcdef; theme=dark'
  wrk.headers['Referer'] = 'https://app.example.org/items'
  function request()
    sent = sent + 1
    wrk.headers['traceparent'] = string.format('00-%032x-%016x-01', sent, sent)
    wrk.headers['X-Request-Id'] = 'r' .. sent
    return wrk.format(nil, wrk.path .. '?page=' .. sent % 7)
  end
end

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
