# Prints the table and keeps a copy of it. A template too (its name ends in .sh), but all values come by environment
# variables, and are printed as texts: what a crawl found on somebody's site must never become part of a command, nor
# of a sum, as Bash runs commands that stand in those.
set -euo pipefail

draft=$(mktemp "$REPORT.XXXXXX")
trap 'rm -f "$draft"' EXIT

{
    printf 'Sea & Sky Books on %s\n\n' "$DAY"
    printf '%-14s %6s %10s %10s %12s\n' shelf books cheapest dearest together
    # Each line of $SHELVES: a shelf, its number of books, three amounts.
    while IFS='|' read -r shelf books cheapest dearest together; do
        printf '%-14s %6s %10s %10s %12s\n' "$shelf" "$books" "$cheapest" "$dearest" "$together"
    done <<<"$SHELVES"
} | tee "$draft"

# A rename is one step: the report is the old one or the new one, never half of one.
chmod 644 "$draft"
mv "$draft" "$REPORT"
echo "$REPORT"
