extension IDX {
  /// All elements as floats; integers beyond 2^24 and doubles are rounded.
  ///
  /// - Throws: `DataError` at the first value that is NaN, infinite or beyond the floats.
  /// - Complexity: O(`count`) time and memory.
  public func floats() throws -> [Float] {
    try finiteFloats()
  }

  func finiteFloats() throws(DataError) -> [Float] {
    switch element {
    case .uint8: return bytes.map { Float($0) }
    case .int8: return bytes.map { Float(Int8(bitPattern: $0)) }
    case .int16:
      return decode { Float(Int16(truncatingIfNeeded: $0)) }
    case .int32:
      return decode { Float(Int32(truncatingIfNeeded: $0)) }
    case .float32:
      return try checked(decode { Float(bitPattern: UInt32(truncatingIfNeeded: $0)) })
    case .float64:
      return try checked(decode { Float(Double(bitPattern: $0)) })
    }
  }

  /// The elements of a one-dimensional array as class numbers.
  ///
  /// - Throws: `DataError` when the array has several dimensions, or an element is negative,
  ///   fractional, or at least 65,536.
  /// - Complexity: O(`count`) time and memory.
  public func classes() throws -> [Int32] {
    try checkedClasses()
  }

  func checkedClasses() throws(DataError) -> [Int32] {
    guard shape.count == 1 else {
      throw DataError(
        .wrongKind, file: source,
        what: "images (\(magicText)) where labels (0x00000801) were expected",
        remedy: "swap the two files")
    }
    let values = try finiteFloats()
    var labels: [Int32] = []
    labels.reserveCapacity(values.count)
    for (index, value) in values.enumerated() {
      guard value >= 0, value < Float(ClassLabels.mostClasses), value == value.rounded() else {
        throw DataError(
          .label, file: source, byte: dataOffset + index * element.width,
          what: "label \(value) of example \(grouped(index))",
          remedy: "classes are whole numbers from 0 to \(grouped(ClassLabels.mostClasses - 1))")
      }
      labels.append(Int32(value))
    }
    return labels
  }

  /// The magic number and its meaning, for a message.
  var magicText: String {
    let type = String(UInt16(element.rawValue) + 0x100, radix: 16).dropFirst()
    let dimensions = String(shape.count + 0x100, radix: 16).dropFirst()
    return "0x0000\(type)\(dimensions), \(IDX.sizesText(shape))"
  }

  private func decode(_ convert: (UInt64) -> Float) -> [Float] {
    let width = element.width
    return (0..<count).map { convert(IDX.bigEndian(bytes, $0 * width, width)) }
  }

  private func checked(_ values: [Float]) throws(DataError) -> [Float] {
    guard let index = values.firstIndex(where: { !$0.isFinite }) else { return values }
    throw DataError(
      .nonFinite, file: source, byte: dataOffset + index * element.width,
      what: "element \(grouped(index)) is \(values[index]) as a 32-bit float",
      remedy: "replace or leave out such examples")
  }

  /// Images and their labels as one data set.
  ///
  /// - Parameters:
  ///   - images: two or more dimensions, the first of which counts the examples.
  ///   - labels: one dimension, the class of each example.
  ///   - classNames: the classes of another part of the same data; by default `0`, `1`, ... up to
  ///     the largest label.
  /// - Throws: `DataError` when the two are swapped, differ in number, hold no example, a label
  ///   that is not a class, or a value that is not finite.
  /// - Complexity: O(`images.count`) time; memory 4 bytes an element.
  public static func labeled(
    images: IDX, labels: IDX, classNames: [String]? = nil
  ) throws -> LabeledData {
    guard images.shape.count >= 2 else {
      throw DataError(
        .wrongKind, file: images.source,
        what: "labels (\(images.magicText)) where images (0x00000803) were expected",
        remedy: "swap the two files")
    }
    let classes = try labels.checkedClasses()
    guard classes.count == images.shape[0] else {
      throw DataError(
        .mismatch, file: labels.source,
        what: "\(grouped(classes.count)) labels for the \(grouped(images.shape[0])) images of"
          + " \(images.source)",
        remedy: "use the label file that belongs to these images")
    }
    guard images.count > 0 else {
      throw DataError(
        .empty, file: images.source, what: "no examples (\(images.magicText))",
        remedy: "use a file with at least one")
    }
    let names = classNames ?? (0...Int(classes.max() ?? 0)).map(String.init)
    if let index = classes.firstIndex(where: { Int($0) >= names.count }) {
      throw DataError(
        .label, file: labels.source, byte: labels.dataOffset + index * labels.element.width,
        what: "label \(classes[index]) of example \(grouped(index)) has no class",
        remedy: "labels run from 0 to \(names.count - 1), as in the training part")
    }
    return LabeledData(
      unchecked: Array(images.shape.dropFirst()), features: try images.finiteFloats(),
      labels: classes, classNames: names, featureNames: [],
      kind: images.element == .uint8 ? .bytes : .numbers, source: images.source)
  }
}
