package main

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"time"
)

const (
	price   = 10_000
	spread  = 20
	lotsMax = 10
)

// orders makes encoded limit orders with ids that no other sender has.
type orders struct {
	random    *rand.Rand
	low, high uint64
	sentNs    uint64
}

func newOrders(sender int) *orders {
	now := uint64(time.Now().UnixNano())
	return &orders{random: rand.New(rand.NewPCG(1, uint64(sender))), high: now + uint64(sender), sentNs: now}
}

// next makes a PlaceOrder: market 1, GTC, which may trade with its own account.
func (o *orders) next() []byte {
	o.low++
	out := make([]byte, 0, 64)
	id := long(long(nil, 1, o.low), 2, o.high)
	out = field(out, 1, id)
	out = long(out, 2, o.sentNs)
	out = append(out, 3<<3, 1, 4<<3, byte(1+o.random.IntN(2)), 5<<3, 1, 6<<3, 1)
	out = long(out, 7, uint64(price-spread/2+o.random.IntN(spread)))
	out = long(out, 8, uint64(1+o.random.IntN(lotsMax)))
	return append(out, 10<<3, 1)
}

// batch makes a CommandBatch of such orders.
func (o *orders) batch(rows int) []byte {
	ones, sides := make([]byte, rows), make([]byte, rows)
	var lows, highs, times, prices, lots, markets []byte
	for row := range rows {
		o.low++
		ones[row], sides[row] = 1, byte(1+o.random.IntN(2))
		lows = binary.LittleEndian.AppendUint64(lows, o.low)
		highs = binary.LittleEndian.AppendUint64(highs, o.high)
		times = binary.LittleEndian.AppendUint64(times, o.sentNs)
		prices = binary.LittleEndian.AppendUint64(prices, uint64(price-spread/2+o.random.IntN(spread)))
		lots = binary.LittleEndian.AppendUint64(lots, uint64(1+o.random.IntN(lotsMax)))
		markets = binary.LittleEndian.AppendUint32(markets, 1)
	}
	var out []byte
	for number, column := range map[int][]byte{
		1: ones, 2: lows, 3: highs, 4: times, 5: markets, 6: sides, 7: ones, 8: ones, 9: ones, 11: prices, 12: lots,
	} {
		out = field(out, number, column)
	}
	return out
}

func field(out []byte, number int, value []byte) []byte {
	out = append(out, byte(number<<3|2))
	out = binary.AppendUvarint(out, uint64(len(value)))
	return append(out, value...)
}

func long(out []byte, number int, value uint64) []byte {
	out = append(out, byte(number<<3|1))
	return binary.LittleEndian.AppendUint64(out, value)
}

// acceptedIn counts the accepted commands of a response: an Answer in field 1, or an AnswerBatch
// in field 2.
func acceptedIn(response []byte, rows int) (int, error) {
	number, value, rest, err := next(response)
	if err != nil || len(rest) != 0 {
		return 0, fmt.Errorf("not a response of one answer: %x", response)
	}
	if number == 2 {
		return acceptedRows(value, rows)
	}
	for len(value) > 0 {
		if value[0] == 4<<3 {
			return b2i(value[1] == 1), nil
		}
		if _, _, value, err = next(value); err != nil {
			return 0, err
		}
	}
	return 0, fmt.Errorf("an answer without a status: %x", response)
}

func acceptedRows(batch []byte, rows int) (int, error) {
	for len(batch) > 0 {
		number, column, rest, err := next(batch)
		if err != nil {
			return 0, err
		}
		if number == 3 {
			accepted := 0
			for _, status := range column {
				accepted += b2i(status == 1)
			}
			if len(column) != rows {
				return 0, fmt.Errorf("%d answers to %d orders", len(column), rows)
			}
			return accepted, nil
		}
		batch = rest
	}
	return 0, fmt.Errorf("an answer without statuses")
}

func b2i(is bool) int {
	if is {
		return 1
	}
	return 0
}

// next splits the first field off a message; the value of a number is empty.
func next(message []byte) (number int, value, rest []byte, err error) {
	bad := fmt.Errorf("not a message: %x", message)
	tag, size := binary.Uvarint(message)
	if size <= 0 {
		return 0, nil, nil, bad
	}
	rest = message[size:]
	switch tag & 7 {
	case 0:
		if _, size = binary.Uvarint(rest); size <= 0 {
			return 0, nil, nil, bad
		}
		return int(tag >> 3), nil, rest[size:], nil
	case 1:
		if len(rest) < 8 {
			return 0, nil, nil, bad
		}
		return int(tag >> 3), nil, rest[8:], nil
	case 2:
		length, size := binary.Uvarint(rest)
		if size <= 0 || uint64(len(rest)-size) < length {
			return 0, nil, nil, bad
		}
		return int(tag >> 3), rest[size : size+int(length)], rest[size+int(length):], nil
	}
	return 0, nil, nil, bad
}
