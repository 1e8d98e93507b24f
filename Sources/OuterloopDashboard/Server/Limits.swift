internal import NIOCore

/// How much a connection may ask for, and how long it may take.
struct Limits: Sendable {
  var connections = 256
  /// Bytes of a target, of a header field, and of all of them.
  var target = 8 << 10
  var field = 16 << 10
  var fields = 64 << 10
  var fieldCount = 100
  var body = 1 << 20
  /// Until a request has arrived completely.
  var requestTimeout = TimeAmount.seconds(20)
  /// Between requests.
  var idleTimeout = TimeAmount.seconds(75)
  /// Until a chunk of a response has been sent.
  var writeTimeout = TimeAmount.seconds(30)
}
