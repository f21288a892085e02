#!/bin/sh
env | sort >>"$(dirname "$0")/hook.env"
