// A load generator on stock grpc-go, which knows nothing of the engine but its contract.
//
//	grpc_client -address HOST:PORT -key KEY[,KEY...] -mode stream|unary|batch
//	            [-streams N] [-window N] [-rows N] [-seconds N]
//
// It sends limit orders of both sides around one price and prints a line of JSON: how many were
// answered in the measured time, how many of those were accepted, and the time from send to answer.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/metadata"
)

const service = "/realstack.trading.v1.TradingService/"

// raw passes encoded messages: what protobuf costs the client is not what is measured.
type raw struct{}

func (raw) Marshal(message any) ([]byte, error) { return *message.(*[]byte), nil }
func (raw) Unmarshal(data []byte, message any) error {
	*message.(*[]byte) = append((*message.(*[]byte))[:0], data...)
	return nil
}
func (raw) Name() string { return "proto" }

type options struct {
	mode                  string
	streams, window, rows int
	measured, warm        time.Duration
}

// tally is what one sender saw.
type tally struct {
	answered, accepted int
	latencies          []time.Duration
	failure            error
}

var measuring atomic.Bool

func main() {
	encoding.RegisterCodec(raw{})
	address := flag.String("address", "", "HOST:PORT of the engine")
	keys := flag.String("key", "", "API keys of members, with commas between them")
	mode := flag.String("mode", "stream", "stream: one order a message; unary: one a call; batch")
	streams := flag.Int("streams", 1, "streams, or callers, at once")
	window := flag.Int("window", 1, "messages in flight on each")
	rows := flag.Int("rows", 256, "orders in a batch")
	seconds := flag.Int("seconds", 3, "measured, after one second to warm up")
	flag.Parse()
	run := options{*mode, *streams, *window, *rows, time.Duration(*seconds) * time.Second, time.Second}
	result, err := drive(*address, strings.Split(*keys, ","), run)
	if err != nil {
		fmt.Fprintln(os.Stderr, "grpc_client:", err)
		os.Exit(1)
	}
	if err := json.NewEncoder(os.Stdout).Encode(result); err != nil {
		os.Exit(1)
	}
}

func drive(address string, keys []string, run options) (map[string]any, error) {
	connection, err := grpc.NewClient(
		address,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithInitialWindowSize(1<<20),
		grpc.WithInitialConnWindowSize(1<<24),
	)
	if err != nil {
		return nil, err
	}
	defer connection.Close()
	end := time.Now().Add(run.warm + run.measured)
	tallies := make([]tally, run.streams)
	var group sync.WaitGroup
	for sender := range run.streams {
		group.Add(1)
		go func() {
			defer group.Done()
			key := keys[sender%len(keys)]
			context := metadata.AppendToOutgoingContext(context.Background(), "x-api-key", key)
			if run.mode == "unary" {
				tallies[sender] = call(context, connection, sender, end)
			} else {
				tallies[sender] = trade(context, connection, sender, run, end)
			}
		}()
	}
	time.Sleep(run.warm)
	measuring.Store(true)
	start := time.Now()
	time.Sleep(run.measured)
	measuring.Store(false)
	elapsed := time.Since(start)
	group.Wait()
	return summed(tallies, elapsed)
}

func summed(tallies []tally, elapsed time.Duration) (map[string]any, error) {
	var all []time.Duration
	answered, accepted := 0, 0
	for _, each := range tallies {
		if each.failure != nil {
			return nil, each.failure
		}
		answered += each.answered
		accepted += each.accepted
		all = append(all, each.latencies...)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("nothing was answered in the measured time")
	}
	sort.Slice(all, func(i, j int) bool { return all[i] < all[j] })
	part := func(parts int) int64 { return all[(len(all)-1)*parts/1000].Microseconds() }
	return map[string]any{
		"answered":          answered,
		"accepted":          accepted,
		"orders_per_second": int64(float64(answered) / elapsed.Seconds()),
		"latency_us_p50":    part(500),
		"latency_us_p99":    part(990),
	}, nil
}

func call(context context.Context, connection *grpc.ClientConn, sender int, end time.Time) tally {
	var seen tally
	var message, answer []byte
	orders := newOrders(sender)
	for now := time.Now(); now.Before(end); {
		message = field(message[:0], 1, orders.next())
		if err := connection.Invoke(context, service+"PlaceOrder", &message, &answer); err != nil {
			return tally{failure: err}
		}
		done := time.Now()
		if err := seen.add(answer, 1, done.Sub(now)); err != nil {
			return tally{failure: err}
		}
		now = done
	}
	return seen
}

func trade(
	context context.Context, connection *grpc.ClientConn, sender int, run options, end time.Time,
) tally {
	description := grpc.StreamDesc{ClientStreams: true, ServerStreams: true}
	stream, err := connection.NewStream(context, &description, service+"Trade")
	if err != nil {
		return tally{failure: err}
	}
	rows := 1
	if run.mode == "batch" {
		rows = run.rows
	}
	sent := make(chan time.Time, run.window)
	go send(stream, newOrders(sender), run.mode, rows, sent, end)
	var seen tally
	var answer []byte
	for {
		if err := stream.RecvMsg(&answer); err == io.EOF {
			return seen
		} else if err != nil {
			return tally{failure: err}
		}
		if err := seen.add(answer, rows, time.Since(<-sent)); err != nil {
			return tally{failure: err}
		}
	}
}

// send keeps as many messages in flight as the channel takes, until the end.
func send(
	stream grpc.ClientStream, orders *orders, mode string, rows int, sent chan<- time.Time, end time.Time,
) {
	for now := time.Now(); now.Before(end); now = time.Now() {
		var message []byte
		if mode == "batch" {
			message = field(nil, 5, orders.batch(rows))
		} else {
			message = field(nil, 1, orders.next())
		}
		sent <- time.Now()
		if stream.SendMsg(&message) != nil {
			break // the receiver gets the reason
		}
	}
	_ = stream.CloseSend() // always nil, as its documentation says
}

func (seen *tally) add(answer []byte, rows int, latency time.Duration) error {
	accepted, err := acceptedIn(answer, rows)
	if err != nil {
		return err
	}
	if measuring.Load() {
		seen.answered += rows
		seen.accepted += accepted
		seen.latencies = append(seen.latencies, latency)
	}
	return nil
}
