#!/bin/sh
# Asks the registry for known vulnerabilities in what is shipped. Fails for a high or critical one. A registry that does
# not answer this question (a mirror) is said, and is no failure.
set -u
report=$(npm audit --omit=dev --audit-level=high --json 2>/dev/null)
status=$?
case $report in
  *'"auditReportVersion"'*) ;;
  *)
    echo 'npm audit: the registry in use does not answer; nothing was audited'
    exit 0
    ;;
esac
printf '%s\n' "$report" | sed -n '/"metadata"/,$p'
exit "$status"
