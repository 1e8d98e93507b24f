internal import OuterloopFoundation

/// A cleaning run on disk: what it depends on, and its progress.
///
/// The file: 8 bytes `OLCLEAN1`, the size of a JSON header as UInt32, the header, the weights and
/// the two moments as Float32, the losses as Float64, a `Fingerprint` of all that as UInt64; all
/// little-endian. Floats are stored by their bits, so a resumed run continues exactly.
struct CleaningCheckpoint: Equatable {
  var settings: CleaningSettings
  var fingerprint: String
  var state: CleaningRun.State

  private struct Header: Codable {
    var settings: CleaningSettings
    var fingerprint: String
    var updates: Int
    var examples: Int
    var losses: Int
    var seconds: Double
  }

  private static let mark = Array("OLCLEAN1".utf8)

  func encoded() throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    let header = try encoder.encode(
      Header(
        settings: settings, fingerprint: fingerprint, updates: state.updates,
        examples: state.weights.count, losses: state.losses.count, seconds: state.seconds))
    var bytes = Self.mark
    func append(_ value: some FixedWidthInteger) {
      withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }
    append(UInt32(header.count))
    bytes.append(contentsOf: header)
    for values in [state.weights, state.firstMoment, state.secondMoment] {
      for value in values { append(value.bitPattern) }
    }
    for value in state.losses { append(value.bitPattern) }
    append(Self.hash(bytes[...]))
    return bytes
  }

  /// - Throws: `LabError` if the bytes are not a complete checkpoint; `file` names them.
  init(_ bytes: [UInt8], file: String) throws(LabError) {
    func damaged(_ what: String) -> LabError {
      LabError(
        .damaged, "\(file): \(what)", remedy: "start again with --restart, or choose another --out")
    }
    guard bytes.starts(with: Self.mark), bytes.count >= 20 else {
      throw damaged("this is not a checkpoint of this version, or its beginning is lost")
    }
    var place = 8
    func next<T: FixedWidthInteger>(_ type: T.Type) -> T {
      defer { place += MemoryLayout<T>.size }
      return bytes.withUnsafeBytes {
        T(littleEndian: $0.loadUnaligned(fromByteOffset: place, as: T.self))
      }
    }
    let sum = bytes.count - 8
    place = sum
    guard next(UInt64.self) == Self.hash(bytes[..<sum]) else {
      throw damaged("the checkpoint is damaged or cut off")
    }
    place = 8
    let size = Int(next(UInt32.self))
    guard place + size <= sum,
      let header = try? JSONDecoder().decode(
        Header.self, from: Data(bytes[place..<(place + size)])),
      header.examples >= 0, header.losses >= 0, header.updates == header.losses,
      header.examples < sum, header.losses < sum,
      place + size + 12 * header.examples + 8 * header.losses == sum
    else { throw damaged("the checkpoint is of another version or damaged") }
    place += size
    func floats() -> [Float] {
      (0..<header.examples).map { _ in Float(bitPattern: next(UInt32.self)) }
    }
    settings = header.settings
    fingerprint = header.fingerprint
    state = CleaningRun.State(
      updates: header.updates, weights: floats(), firstMoment: floats(), secondMoment: floats(),
      losses: (0..<header.losses).map { _ in Double(bitPattern: next(UInt64.self)) },
      seconds: header.seconds)
  }

  init(settings: CleaningSettings, fingerprint: String, state: CleaningRun.State) {
    self.settings = settings
    self.fingerprint = fingerprint
    self.state = state
  }

  private static func hash(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    var hash = Fingerprint()
    bytes.withUnsafeBytes { hash.add($0) }
    return hash.value
  }
}
