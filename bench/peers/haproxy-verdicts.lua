-- Verdicts by credential, for as long as onegate trusts a fact; all are forgotten when there are too many.

local AUTH = 'http://127.0.0.1:{{authPort}}/auth'
local MOST = 10000

local verdicts, count = {}, 0

local function remember(credential, subject, seconds)
  if count >= MOST then verdicts, count = {}, 0 end
  verdicts[credential] = { subject = subject, ends = core.now().sec + seconds }
  count = count + 1
end

core.register_action('verify', { 'http-req' }, function(txn)
  local credential = txn.sf:req_hdr('authorization')
  if not credential or credential == '' then return end

  local verdict = verdicts[credential]
  if not verdict or verdict.ends <= core.now().sec then
    local answer = core.httpclient():get({ url = AUTH, headers = { authorization = { credential } } })
    if answer.status == 200 then
      remember(credential, answer.headers['x-onedata-subject-id'][0], 10)
    elseif answer.status == 401 then
      remember(credential, nil, 2)
    else
      txn:set_var('txn.unknown', true)
      return
    end
    verdict = verdicts[credential]
  end
  if verdict.subject then txn:set_var('txn.subject', verdict.subject) end
end)
