#!/usr/bin/env bash
# server_libraries.sh: what libraries for HTTP add to a clean build and to a program that prints the date: seconds of
# processor time in debug and release, and megabytes of the stripped static program. Builds in a temporary folder;
# takes some minutes.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

program() { # NAME DEPENDENCY PRODUCTS CODE
  mkdir -p "$work/$1/Sources/app"
  cat >"$work/$1/Package.swift" <<P
// swift-tools-version: 6.0
import PackageDescription
let package = Package(
  name: "$1", platforms: [.macOS(.v15)], dependencies: [$2],
  targets: [.executableTarget(name: "app", dependencies: [$3])])
P
  printf 'import Foundation\n%s\nprint(Date())\n' "$4" >"$work/$1/Sources/app/main.swift"
}

program none "" "" ""
program FlyingSocks '.package(url: "https://github.com/swhitty/FlyingFox", from: "0.27.0")' \
  '.product(name: "FlyingSocks", package: "FlyingFox")' 'import FlyingSocks
print(SocketPool.make)'
program FlyingFox '.package(url: "https://github.com/swhitty/FlyingFox", from: "0.27.0")' \
  '.product(name: "FlyingFox", package: "FlyingFox")' 'import FlyingFox
print(HTTPServer(port: 0) { _ in HTTPResponse(statusCode: .ok) })'
program SwiftNIO '.package(url: "https://github.com/apple/swift-nio", from: "2.101.0")' \
  '.product(name: "NIOPosix", package: "swift-nio"), .product(name: "NIOHTTP1", package: "swift-nio")' 'import NIOPosix
import NIOHTTP1
print(MultiThreadedEventLoopGroup.singleton, HTTPServerPipelineHandler())'
program Hummingbird '.package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0")' \
  '.product(name: "Hummingbird", package: "hummingbird")' 'import Hummingbird
print(Application(router: Router()))'

TIMEFORMAT='%U'
for name in none FlyingSocks FlyingFox SwiftNIO Hummingbird; do
  cd "$work/$name"
  swift package resolve >/dev/null 2>&1
  debug=$({ time swift build -c debug >log 2>&1; } 2>&1) || true
  release=$({ time swift build -c release --static-swift-stdlib >log 2>&1; } 2>&1) || true
  size="does not link statically"
  if [ -x .build/release/app ]; then
    strip -s .build/release/app -o stripped
    size=$(awk "BEGIN { printf \"%.1f MB\", $(stat -c %s stripped) / 1e6 }")
  fi
  echo "$name: debug $debug s, release $release s, $size"
done
