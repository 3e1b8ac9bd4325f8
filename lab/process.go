package lab

import (
	"os"
	"strconv"
	"strings"
	"syscall"
)

// Process names one process of this machine, also after its number was given
// to another.
type Process struct {
	PID     int    `json:"pid"`
	Started uint64 `json:"started"` // in clock ticks since boot (proc_pid_stat(5), 22); 0 where there is no /proc
}

// ProcessOf names the process that has the number now.
func ProcessOf(pid int) Process {
	_, started, _ := stat(pid)
	return Process{PID: pid, Started: started}
}

// Alive says whether the process still runs.
func (p Process) Alive() bool {
	if p.PID <= 0 {
		return false
	}
	if _, err := os.Stat("/proc/self/stat"); err == nil {
		state, started, ok := stat(p.PID)
		return ok && started == p.Started && state != "Z"
	}
	process, err := os.FindProcess(p.PID)
	return err == nil && process.Signal(syscall.Signal(0)) == nil
}

// stat reads a process's state letter and its time of start.
func stat(pid int) (state string, started uint64, ok bool) {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return "", 0, false
	}
	// The second field is the program's name in parentheses, which may hold anything.
	end := strings.LastIndex(string(data), ") ")
	if end < 0 {
		return "", 0, false
	}
	fields := strings.Fields(string(data)[end+2:])
	if len(fields) < 20 {
		return "", 0, false
	}
	started, err = strconv.ParseUint(fields[19], 10, 64)
	return fields[0], started, err == nil
}
