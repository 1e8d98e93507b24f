import Foundation
import OuterloopText
import Testing

@testable import OuterloopLearning

@Suite struct IDXTests {
  private let folder = TemporaryFolder()
  let images = idxFile(8, [3, 2, 2], (0..<12).map { UInt8($0) })
  let labels = idxFile(8, [3], [2, 0, 1])

  @Test func readsImagesAndLabels() throws {
    let data = try IDX.labeled(
      images: IDX.read(bytes: images, named: "i"), labels: IDX.read(bytes: labels, named: "l"))
    #expect(data.count == 3 && data.shape == [2, 2] && data.exampleSize == 4)
    #expect(data.features == (0..<12).map { Float($0) })
    #expect(data.labels == [2, 0, 1] && data.classNames == ["0", "1", "2"])
    #expect(data.kind == .bytes && data.source == "i" && data.countPerClass == [1, 1, 1])
  }

  @Test func readsGzipWhateverTheName() throws {
    let packed = try IDX.read(folder.write("images", gzipped(images)))
    let plain = try IDX.read(folder.write("images.gz", images))
    #expect(packed.bytes == plain.bytes && packed.shape == [3, 2, 2])
  }

  @Test func readsSeveralGzipMembers() throws {
    let bytes = gzipped(Array(images.prefix(9))) + gzipped(Array(images.dropFirst(9)))
    #expect(try IDX.read(bytes: bytes, named: "i").shape == [3, 2, 2])
  }

  static let types: [(type: UInt8, data: [UInt8], values: [Float])] = [
    (0x08, [200, 7], [200, 7]),
    (0x09, [200, 7], [-56, 7]),
    (0x0B, [0xFF, 0xFE, 1, 0], [-2, 256]),
    (0x0C, [0xFF, 0xFF, 0xFF, 0xFD, 0, 1, 0, 0], [-3, 65_536]),
    (0x0D, [0x3F, 0x80, 0, 0, 0xC0, 0x20, 0, 0], [1, -2.5]),
    (0x0E, [0x3F, 0xF0, 0, 0, 0, 0, 0, 0, 0xC0, 4, 0, 0, 0, 0, 0, 0], [1, -2.5]),
  ]

  @Test(arguments: types)
  func readsEveryType(type: UInt8, data: [UInt8], values: [Float]) throws {
    let array = try IDX.read(bytes: idxFile(type, [2], data), named: "a")
    #expect(try array.floats() == values && array.count == 2)
  }

  @Test func namesMissingBytes() throws {
    let file = try folder.write("train-images", Array(images.dropLast(5)))
    let error = try dataError { _ = try IDX.read(file) }
    #expect(error.cause == .truncated)
    #expect(
      error.description
        == "\(file): 12 bytes expected for 3x2x2 but the file ends after 7;"
        + " download it again (outerloop data fetch mnist)")
  }

  @Test(arguments: 1..<16) func refusesACutHeader(count: Int) throws {
    let error = try dataError {
      _ = try IDX.read(bytes: Array(images.prefix(count)), named: "i")
    }
    #expect(error.cause == .truncated)
  }

  @Test func refusesTrailingBytes() throws {
    #expect(try dataError { _ = try IDX.read(bytes: images + [0], named: "i") }.cause == .trailing)
    #expect(
      try dataError { _ = try IDX.read(bytes: gzipped(images + [0]), named: "i") }.cause
        == .trailing)
    #expect(
      try dataError { _ = try IDX.read(bytes: gzipped(images) + [0], named: "i") }.cause
        == .trailing)
  }

  @Test func refusesSwappedFiles() throws {
    let error = try dataError {
      _ = try IDX.labeled(
        images: IDX.read(bytes: labels, named: "a"), labels: IDX.read(bytes: images, named: "b"))
    }
    #expect(error.cause == .wrongKind)
    #expect(
      error.description
        == "a: labels (0x00000801, 3) where images (0x00000803) were expected; swap the two files")
    let other = try dataError { _ = try IDX.read(bytes: images, named: "b").classes() }
    #expect(other.cause == .wrongKind && other.remedy == "swap the two files")
  }

  @Test(arguments: [
    [UInt32.max, .max, .max], [0x8000_0000, 0x8000_0000, 8], [.max],
    [UInt32](repeating: 2, count: 255),
  ])
  func refusesSizesThatCannotBe(sizes: [UInt32]) throws {
    for type: UInt8 in [0x08, 0x0E] {
      let file = idxFile(type, sizes, [1, 2, 3])
      let plain = try dataError { _ = try IDX.read(bytes: file, named: "i") }
      #expect(plain.cause == .header || plain.cause == .truncated)
      let packed = try dataError { _ = try IDX.read(bytes: gzipped(file), named: "i") }
      #expect([.header, .truncated, .tooLarge].contains(packed.cause))
    }
  }

  @Test func honoursTheLimit() throws {
    let file = idxFile(8, [100_000], [UInt8](repeating: 1, count: 100_000))
    let error = try dataError { _ = try IDX.read(bytes: gzipped(file), named: "i", limit: 99_999) }
    #expect(error.cause == .tooLarge)
  }

  @Test func refusesCutGzip() throws {
    let file = gzipped(images)
    for count in 3..<file.count {
      let error = try dataError { _ = try IDX.read(bytes: Array(file.prefix(count)), named: "i") }
      #expect(error.cause == .truncated)
    }
  }

  @Test func refusesDamagedGzip() throws {
    var file = gzipped(images)
    file[file.count - 5] ^= 1
    let error = try dataError { _ = try IDX.read(bytes: file, named: "i") }
    #expect(error.cause == .corrupt && error.what.contains("incorrect data check"))
  }

  @Test func refusesOtherFiles() throws {
    let page = try dataError { _ = try IDX.read(bytes: Array("<!DOCTYPE".utf8), named: "i") }
    #expect(page.cause == .wrongKind && page.what.contains("0x3c21444f"))
    #expect(try dataError { _ = try IDX.read(bytes: [], named: "i") }.cause == .empty)
    #expect(try dataError { _ = try IDX.read(bytes: [0, 0, 8, 0], named: "i") }.cause == .header)
    #expect(
      try dataError { _ = try IDX.read(bytes: [0, 0, 10, 1, 0, 0, 0, 0], named: "i") }.cause
        == .wrongKind)
  }

  @Test func refusesNaNAndInfinity() throws {
    for bits: [UInt8] in [[0x7F, 0xC0, 0, 0], [0x7F, 0x80, 0, 0], [0xFF, 0x80, 0, 0]] {
      let file = idxFile(0x0D, [2], [0, 0, 0, 0] + bits)
      let error = try dataError { _ = try IDX.read(bytes: file, named: "i").floats() }
      #expect(error.cause == .nonFinite && error.byte == 12)
    }
    // A double beyond the floats.
    let file = idxFile(0x0E, [1], [0x7F, 0xE0, 0, 0, 0, 0, 0, 0])
    #expect(
      try dataError { _ = try IDX.read(bytes: file, named: "i").floats() }.cause == .nonFinite)
  }

  @Test(arguments: [
    idxFile(0x09, [2], [0, 255]), idxFile(0x0C, [2], [0, 0, 0, 0, 0x7F, 0, 0, 0]),
    idxFile(0x0D, [2], [0, 0, 0, 0, 0x3F, 0, 0, 0]),
  ])
  func refusesLabelsThatAreNoClasses(file: [UInt8]) throws {
    let error = try dataError { _ = try IDX.read(bytes: file, named: "l").classes() }
    #expect(error.cause == .label && error.what.contains("of example 1"))
  }

  @Test func refusesLabelsUnknownToTheTrainingPart() throws {
    let error = try dataError {
      _ = try IDX.labeled(
        images: IDX.read(bytes: images, named: "i"), labels: IDX.read(bytes: labels, named: "l"),
        classNames: ["a", "b"])
    }
    #expect(error.cause == .label && error.file == "l" && error.byte == 8)
  }

  @Test func refusesDifferentCountsAndNoExamples() throws {
    let two = idxFile(8, [2], [0, 1])
    let mismatch = try dataError {
      _ = try IDX.labeled(
        images: IDX.read(bytes: images, named: "i"), labels: IDX.read(bytes: two, named: "l"))
    }
    #expect(mismatch.cause == .mismatch && mismatch.what == "2 labels for the 3 images of i")
    let empty = try dataError {
      _ = try IDX.labeled(
        images: IDX.read(bytes: idxFile(8, [0, 2, 2], []), named: "i"),
        labels: IDX.read(bytes: idxFile(8, [0], []), named: "l"))
    }
    #expect(empty.cause == .empty)
  }

  @Test func tellsWhyAFileCannotBeOpened() throws {
    let missing = try dataError { _ = try IDX.read(folder.path + "/none") }
    #expect(missing.cause == .missing && missing.what == "no such file")
    #expect(try dataError { _ = try IDX.read(folder.path) }.cause == .notAFile)
    #expect(try dataError { _ = try IDX.read("") }.cause == .missing)
    #expect(try dataError { _ = try IDX.read("a\0b") }.cause == .missing)
    let file = try folder.write("locked", images)
    #expect(try dataError { _ = try IDX.read(file + "/inside") }.cause == .missing)
    try FileManager.default.setAttributes([.posixPermissions: 0], ofItemAtPath: file)
    // The superuser may read it all the same.
    if !FileManager.default.isReadableFile(atPath: file) {
      let locked = try dataError { _ = try IDX.read(file) }
      #expect(locked.cause == .unreadable && locked.what == "permission denied")
    }
    let refusal = RawBytes.refusal("x", EACCES)
    #expect(refusal.cause == .unreadable && refusal.what == "permission denied")
  }
}
