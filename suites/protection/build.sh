#!/bin/sh
# Builds protection.elf; with --check it only compares. What it needs is said in the script that it calls.
exec sh "$(dirname "$0")/../kernel-support/build.sh" protection "$@"
