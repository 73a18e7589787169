-- Asks onegate whether a request may pass: http-request lua.onegate URL
-- It states the identity on the request, or answers it. Whatever goes wrong is answered 503.

local IDENTITY = {
  "x-onedata-subject-type", "x-onedata-subject-id", "x-onedata-token-id", "x-onedata-token-type",
  "x-onedata-token-expires", "x-onedata-caveats", "x-onedata-scopes", "x-onedata-verdict",
  "x-onedata-assertion",
}
local CREDENTIALS = { "authorization", "x-auth-token", "macaroon", "x-onedata-consumer-token" }
local RETURNED = { "www-authenticate", "retry-after", "content-type", "cache-control", "allow" }
local NOT_ASKED = {
  ["connection"] = true, ["keep-alive"] = true, ["te"] = true, ["trailer"] = true, ["expect"] = true,
  ["transfer-encoding"] = true, ["upgrade"] = true, ["host"] = true, ["content-length"] = true,
}
local TIMEOUT_MS = 600

local function question(txn)
  local headers = {}
  for name, values in pairs(txn.http:req_get_headers()) do
    local describes = name:find("^x%-forwarded%-") or name:find("^x%-original%-") or name:find("^proxy%-")
    if not NOT_ASKED[name] and not describes then
      -- HAProxy counts them from 0; repeats stay apart.
      local all = {}
      for index = 0, #values do all[#all + 1] = values[index] end
      headers[name] = all
    end
  end
  headers["x-forwarded-method"] = { txn.f:method() }
  headers["x-forwarded-uri"] = { txn.f:pathq() }
  headers["x-forwarded-host"] = { txn.f:req_hdr("host") or "" }
  headers["x-forwarded-proto"] = { (txn.f:ssl_fc() == 1 or txn.f:ssl_fc() == true) and "https" or "http" }
  headers["x-forwarded-for"] = { txn.f:src() }
  return headers
end

local function first(headers, name)
  local values = headers and headers[name]
  return values and (values[0] or values[1])
end

local function answer(txn, status, headers, body)
  local reply = txn:reply({ status = status, body = body })
  for name, value in pairs(headers) do reply:add_header(name, value) end
  txn:done(reply)
end

core.register_action("onegate", { "http-req" }, function(txn, url)
  local asked, response = pcall(function()
    return core.httpclient():get({ url = url, headers = question(txn), timeout = TIMEOUT_MS })
  end)
  local status = asked and response and response.status
  -- HAProxy's own 502 and 504 look like answers; only onegate's have this field.
  local truth = asked and response and first(response.headers, "x-onegate-status")
  if not truth then
    return answer(txn, 503, { ["retry-after"] = "2", ["cache-control"] = "no-store" }, "")
  end
  for _, name in ipairs(IDENTITY) do txn.http:req_del_header(name) end
  for _, name in ipairs(CREDENTIALS) do txn.http:req_del_header(name) end
  if status == 200 then
    for _, name in ipairs(IDENTITY) do
      txn.http:req_add_header(name, first(response.headers, name) or "")
    end
    return
  end
  local headers = {}
  for _, name in ipairs(RETURNED) do
    headers[name] = first(response.headers, name)
  end
  answer(txn, status, headers, response.body or "")
end, 1)
