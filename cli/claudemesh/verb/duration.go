package verb

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// parseDuration reads what time.ParseDuration reads, and whole numbers of days (d) and weeks (w).
func parseDuration(text string) (time.Duration, error) {
	for suffix, unit := range map[string]time.Duration{"d": 24 * time.Hour, "w": 7 * 24 * time.Hour} {
		number, ok := strings.CutSuffix(text, suffix)
		if !ok {
			continue
		}
		n, err := strconv.Atoi(number)
		if err != nil || n < 0 || n > 3650 {
			return 0, fmt.Errorf("%q is no duration; write 30m, 12h or 7d", text)
		}
		return time.Duration(n) * unit, nil
	}
	parsed, err := time.ParseDuration(text)
	if err != nil || parsed < 0 {
		return 0, fmt.Errorf("%q is no duration; write 30m, 12h or 7d", text)
	}
	return parsed, nil
}
