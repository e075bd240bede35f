package main

import "syscall"

var types = map[uint32]byte{
	syscall.S_IFREG:  '-',
	syscall.S_IFDIR:  'd',
	syscall.S_IFLNK:  'l',
	syscall.S_IFIFO:  'p',
	syscall.S_IFSOCK: 's',
	syscall.S_IFCHR:  'c',
	syscall.S_IFBLK:  'b',
}

// modeString writes a mode as `ls -l` does; fs.FileMode has another notation.
func modeString(mode uint32) string {
	text := []byte("?rwxrwxrwx")
	if letter, ok := types[mode&syscall.S_IFMT]; ok {
		text[0] = letter
	}
	for place := 1; place < len(text); place++ {
		if mode&(0o400>>(place-1)) == 0 {
			text[place] = '-'
		}
	}
	special(text, 3, mode&syscall.S_ISUID != 0, 's')
	special(text, 6, mode&syscall.S_ISGID != 0, 's')
	special(text, 9, mode&syscall.S_ISVTX != 0, 't')
	return string(text)
}

// special overlays an execute bit: small above x, a capital where there is none.
func special(text []byte, place int, set bool, letter byte) {
	if !set {
		return
	}
	if text[place] == '-' {
		letter -= 'a' - 'A'
	}
	text[place] = letter
}
