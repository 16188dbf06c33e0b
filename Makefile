# The two doors: `make run` and `make test`. Everything else is `./dev`.

.DEFAULT_GOAL := help
.PHONY: help run test setup

# Seconds to run before ending by itself; empty: until Ctrl-C.
DURATION ?=
# 1: forget what earlier runs left and start anew.
FRESH ?=
FLAGS = $(if $(DURATION),--duration $(DURATION)) $(if $(filter-out 0,$(FRESH)),--fresh)

help:
	@echo 'make run    the whole exchange on this machine, with participants, until Ctrl-C'
	@echo '            DURATION=60 ends it after 60 seconds, FRESH=1 forgets earlier runs'
	@echo 'make test   format, lint, types, contracts, style and every test (under 20 minutes)'
	@echo 'make setup  only the environment: .venv with everything in it'
	@echo
	@echo 'All other work: ./dev --help'

setup:
	@echo 'make: preparing the environment (the first time 1 to 5 minutes, later seconds)'
	@./dev setup

run: setup
	@echo 'make: starting the exchange (first start 1 minute, later seconds); Ctrl-C ends it'
	@exec .venv/bin/realstack up --demo $(FLAGS)

test: setup
	@echo 'make: checking, then testing (under 20 minutes); the last line is the verdict'
	@exec ./dev test
