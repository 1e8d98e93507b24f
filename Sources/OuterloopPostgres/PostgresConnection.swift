internal import COuterloopPQ
internal import OuterloopPlatform
internal import OuterloopStore

/// A connection to the server. Statements go into a pipeline: they are sent one after another, and
/// the server's results are read when a query's rows are needed, or at the end of the transaction.
/// Statements whose results nobody needs cost no round trip.
///
/// It belongs to one thread at a time.
final class PostgresConnection: StoreConnection {
  /// The results expected from the server, in order.
  private enum Expected {
    case prepared(sql: String)
    case done
    case rows(StoreQuery, ticket: Int)
    case sync
  }

  /// The number of statements between two reads of the results: few enough for these to fit into the
  /// network buffers, so that neither side waits for the other to read.
  private static let longest = 256

  let pointer: OpaquePointer
  private var names: [String: String] = [:]
  private var expected: [Expected] = []
  private var unsynced = 0
  private var tickets = 0
  /// Announced queries whose rows have not been requested yet.
  private var asked: [StoreQuery: Int] = [:]
  private var ready: [StoreQuery: PostgresRows] = [:]
  /// The last event of each study that this transaction has written: its revision and its time.
  private(set) var news: [Int: (revision: Int, time: Double)] = [:]
  /// The number of statements without rows so far, those that change something among them.
  private(set) var runs = 0

  /// - Throws: `PostgresFailure.lost` with libpq's message.
  init(_ address: PostgresAddress) throws {
    // A lost connection is detected within half a minute. The URL and the environment may set other
    // values.
    var settings = [
      ("client_encoding", "UTF8"), ("application_name", "outerloop"),
      ("keepalives_idle", "10"), ("keepalives_interval", "5"), ("keepalives_count", "3"),
      ("tcp_user_timeout", "25000"),
    ]
    if CLibrary.environment("PGCONNECT_TIMEOUT") == nil {
      settings.append(("connect_timeout", "10"))
    }
    let texts = settings.map { (strdup($0.0), strdup($0.1)) }
    defer {
      for text in texts {
        free(text.0)
        free(text.1)
      }
    }
    let names = texts.map { UnsafePointer($0.0) } + [nil]
    let values = texts.map { UnsafePointer($0.1) } + [nil]
    guard let made = outerloop_pq_connect(address.text, names, values) else {
      throw PostgresFailure.lost("no memory")
    }
    pointer = made
    guard outerloop_pq_is_connected(made) != 0 else { throw PostgresFailure.lost(message) }
    guard outerloop_pq_enter_pipeline(made) == 1 else { throw PostgresFailure.lost(message) }
  }

  deinit { outerloop_pq_close(pointer) }

  private var message: String { String(cString: outerloop_pq_message(pointer)).trimmed }

  var isConnected: Bool { outerloop_pq_is_connected(pointer) != 0 }
  var socket: Int32 { outerloop_pq_socket(pointer) }
  var process: Int { Int(outerloop_pq_process(pointer)) }
  var serverVersion: Int { Int(outerloop_pq_server(pointer)) }

  // MARK: Statements

  func run(_ sql: String, _ values: [Bound]) throws {
    runs += 1
    // What was read before is outdated.
    asked = [:]
    ready = [:]
    try send(sql, values, .done)
    if unsynced >= Self.longest { try collect() }
  }

  func rows(_ sql: String, _ values: [Bound]) throws -> PostgresRows {
    var query = StoreQuery(sql)
    query.values = values
    if ready[query] == nil {
      if asked[query] == nil { try ask(query) }
      try collect()
    }
    guard let rows = ready.removeValue(forKey: query) else {
      throw PostgresFailure.lost("the server has answered something else than what it was asked")
    }
    return rows
  }

  func announce(_ queries: @autoclosure () -> [StoreQuery]) throws {
    for query in queries() where asked[query] == nil && ready[query] == nil { try ask(query) }
  }

  func noteEvent(_ revision: Int, at time: Double, of study: Int) {
    news[study] = (revision, time)
  }

  /// Discards what was read and written in the last transaction.
  func reset() {
    asked = [:]
    ready = [:]
    news = [:]
  }

  private func ask(_ query: StoreQuery) throws {
    tickets += 1
    // Sending may use a ticket too, for preparing the statement.
    let ticket = tickets
    try send(query.sql, query.values, .rows(query, ticket: ticket))
    asked[query] = ticket
  }

  private func send(_ sql: String, _ values: [Bound], _ answer: Expected) throws {
    let name: String
    if let known = names[sql] {
      name = known
    } else {
      name = "s\(names.count)_\(tickets)"
      tickets += 1
      try require(outerloop_pq_prepare(pointer, name, PostgresStatement.text(sql)))
      names[sql] = name
      expected.append(.prepared(sql: sql))
    }
    try values.sent { try require(outerloop_pq_execute(pointer, name, $0, $1, $2, $3)) }
    expected.append(answer)
    unsynced += 1
  }

  private func require(_ code: Int32) throws {
    guard code == 1 else { throw PostgresFailure.lost(message) }
  }

  // MARK: Answers

  /// Sends what is waiting, without reading the results.
  func flush() throws {
    guard unsynced > 0 else { return }
    try require(outerloop_pq_sync(pointer))
    expected.append(.sync)
    unsynced = 0
  }

  /// Reads all outstanding results. After a failure the connection can still be used, unless it is lost.
  func collect() throws {
    try flush()
    var failure: PostgresFailure?
    let all = expected
    expected = []
    for one in all {
      guard let result = outerloop_pq_next(pointer) else { throw PostgresFailure.lost(message) }
      var isKept = false
      defer { if !isKept { outerloop_pq_clear(result) } }
      switch UInt32(outerloop_pq_result_status(result)) {
      case OUTERLOOP_PQ_PIPELINE_SYNC.rawValue:
        guard case .sync = one else { throw PostgresFailure.lost("the answers are out of order") }
        continue
      case OUTERLOOP_PQ_COMMAND_OK.rawValue: break
      case OUTERLOOP_PQ_TUPLES_OK.rawValue:
        if case .rows(let query, let ticket) = one, asked[query] == ticket {
          asked[query] = nil
          ready[query] = PostgresRows(result)
          isKept = true
        }
      default:
        if case .prepared(let sql) = one { names[sql] = nil }
        let state = outerloop_pq_result_state(result).map { String(cString: $0) }
        let said = outerloop_pq_result_message(result).map { String(cString: $0).trimmed }
        if failure == nil, let state {
          failure = .refused(state: state, message: said ?? "nothing")
        }
        guard isConnected else { throw PostgresFailure.lost(said ?? message) }
      }
      // The end of this result.
      if let more = outerloop_pq_next(pointer) { outerloop_pq_clear(more) }
    }
    if let failure {
      reset()
      throw failure.isEnd ? .lost(failure.message) : failure
    }
  }
}

extension [Bound] {
  /// The values in libpq's format: binary, in network byte order.
  fileprivate func sent(
    _ body: (
      Int32, UnsafePointer<UnsafePointer<CChar>?>, UnsafePointer<Int32>, UnsafePointer<Int32>
    ) throws -> Void
  ) throws {
    var bytes: [UInt8] = []
    var places: [Int?] = []
    var lengths: [Int32] = []
    for value in self {
      let start = bytes.count
      switch value {
      case .null: break
      case .int(let number):
        Swift.withUnsafeBytes(of: Int64(number).bigEndian) { bytes.append(contentsOf: $0) }
      case .real(let number):
        if !number.isNaN {
          Swift.withUnsafeBytes(of: number.bitPattern.bigEndian) { bytes.append(contentsOf: $0) }
        }
      case .text(let text): bytes += PostgresStatement.escaped(text)
      }
      let isNull =
        switch value {
        case .null: true
        case .real(let number): number.isNaN
        default: false
        }
      places.append(isNull ? nil : start)
      lengths.append(Int32(bytes.count - start))
    }
    // An empty text needs an address too.
    bytes.append(0)
    let formats = [Int32](repeating: 1, count: count + 1)
    lengths.append(0)
    try bytes.withUnsafeBytes { buffer in
      let start = buffer.assumingMemoryBound(to: CChar.self).baseAddress
      let pointers = places.map { place in place.flatMap { start?.advanced(by: $0) } } + [nil]
      try body(Int32(count), pointers, lengths, formats)
    }
  }
}
