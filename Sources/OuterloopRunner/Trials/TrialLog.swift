internal import OuterloopPlatform
internal import Synchronization

/// What a program prints during a trial, in a file of bounded size: the first part and the last, and
/// between them a line that says how much is missing.
///
/// The file is created when there is something to write. Where reports are not kept, since they are in the store,
/// output is buffered until there is something else too. A log that cannot be written is no reason to fail a
/// trial: it then ends early.
final class TrialLog: Sendable {
  private struct State {
    var file: Int32 = -1
    var isBroken = false
    /// The buffered output, if all of it may be reports.
    var held: [UInt8]?
    /// Bytes that may still be written as they come.
    var room: Int
    /// The last bytes of what did not fit, up to twice as many as are to be kept.
    var tail: [UInt8] = []
    /// Bytes that did not fit, those in the tail included.
    var surplus = 0
    var endsLine = true
  }

  private let path: String
  private let tailSize: Int
  private let keepsReports: Bool
  private let state: Mutex<State>

  /// The largest number of buffered bytes.
  private static let heldLimit = 1 << 16

  /// - Parameters:
  ///   - limit: bytes; one sixteenth of them, at most 256 kB, are for the end.
  ///   - keepsReports: whether a file is written if there is nothing but reports.
  init(_ path: String, limit: Int, keepsReports: Bool = true) {
    self.path = path
    self.keepsReports = keepsReports
    tailSize = min(limit / 16, 256 << 10)
    state = Mutex(State(held: keepsReports ? nil : [], room: limit - tailSize))
  }

  deinit { close() }

  func write(_ bytes: ArraySlice<UInt8>) {
    guard !bytes.isEmpty else { return }
    state.withLock { state in
      if state.held != nil {
        state.held?.append(contentsOf: bytes)
        if state.held?.count ?? 0 <= Self.heldLimit { return }
        return release(&state)
      }
      add(bytes, &state)
    }
  }

  /// There is more than reports: writes the buffered output and everything that follows.
  func keep() { state.withLock { release(&$0) } }

  /// The trial is over, and the buffered output is reports: drops it. Further output is written
  /// only if it is more than reports.
  func rest() { state.withLock { if $0.held != nil { $0.held = [] } } }

  private func release(_ state: inout State) {
    guard let held = state.held else { return }
    state.held = nil
    if !held.isEmpty { add(held[...], &state) }
  }

  private func add(_ bytes: ArraySlice<UInt8>, _ state: inout State) {
    open(&state)
    let first = bytes.prefix(state.room)
    put(first, &state)
    state.room -= first.count
    keep(bytes.dropFirst(first.count), &state)
  }

  /// Appends a note to an existing log that nobody is writing.
  static func append(_ text: String, to path: String) {
    let file = CLibrary.openFile(path, O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0)
    guard file >= 0 else { return }
    _ = CLibrary.writeAll(Array("[outerloop] \(text)\n".utf8)[...], to: file)
    _ = CLibrary.closeFile(file)
  }

  /// Writes a note of ours, on a line of its own.
  func note(_ text: String) {
    keep()
    let isInLine = state.withLock { !$0.endsLine }
    write(Array("\(isInLine ? "\n" : "")[outerloop] \(text)\n".utf8)[...])
  }

  /// Writes the end that was held back, and closes the file.
  func close() {
    state.withLock { state in
      guard state.file >= 0 else { return }
      if state.surplus > 0 {
        let tail = state.tail.suffix(tailSize)
        let lost = state.surplus - tail.count
        let mark = "\n[outerloop] ... \(lost) bytes are left out here ...\n"
        if lost > 0 { put(Array(mark.utf8)[...], &state) }
        put(tail, &state)
      }
      _ = CLibrary.closeFile(state.file)
      state.file = -1
      state.isBroken = true
    }
  }

  private func open(_ state: inout State) {
    guard state.file < 0, !state.isBroken else { return }
    // The folder may have been removed while it was empty.
    if !keepsReports, let slash = path.lastIndex(of: "/") {
      try? Files.makeFolder(String(path[..<slash]))
    }
    state.file = CLibrary.openFile(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
    state.isBroken = state.file < 0
  }

  private func put(_ bytes: ArraySlice<UInt8>, _ state: inout State) {
    guard let last = bytes.last else { return }
    state.endsLine = last == UInt8(ascii: "\n")
    guard !state.isBroken else { return }
    state.isBroken = !CLibrary.writeAll(bytes, to: state.file)
  }

  private func keep(_ bytes: ArraySlice<UInt8>, _ state: inout State) {
    guard let last = bytes.last, tailSize > 0 else { return }
    state.endsLine = last == UInt8(ascii: "\n")
    state.surplus += bytes.count
    state.tail += bytes.suffix(tailSize)
    if state.tail.count > 2 * tailSize { state.tail.removeFirst(state.tail.count - tailSize) }
  }
}
