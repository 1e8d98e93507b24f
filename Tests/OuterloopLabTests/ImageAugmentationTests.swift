import Foundation
import OuterloopAutodiff
import OuterloopLearning
import OuterloopNumerics
import Testing

@testable import OuterloopLab

/// Splits of pictures, and pictures that are turned and shifted.
@Suite struct ImageAugmentationTests {
  private let augmentation = ImageAugmentation(height: 4, width: 5)
  private var pictures: Tensor { RandomKey(seed: 3).uniform([2, 20]) }
  private func numbers(_ value: Double) -> Tensor { Tensor(repeating: value, shape: [2, 1]) }

  /// No strength is no change, to the last bit.
  @Test func zeroStrengthsChangeNothing() throws {
    let zero = Tensor(0, dtype: .float32)
    let result = augmentation(
      pictures, .init(rotation: zero, shift: zero, noise: zero), key: RandomKey(seed: 1).tensor)
    #expect(try result.scalars(Float.self) == pictures.scalars(Float.self))
  }

  /// A shift by whole pixels moves them; what comes from beyond the edge is black.
  @Test func shiftsByWholePixels() throws {
    let moved = try augmentation.turned(
      pictures, angle: numbers(0), down: numbers(1), right: numbers(2)
    ).scalars(Float.self)
    let x = try pictures.scalars(Float.self)
    for n in 0..<2 {
      for row in 0..<4 {
        for column in 0..<5 {
          let isInside = row >= 1 && column >= 2
          let expected = isInside ? x[20 * n + 5 * (row - 1) + column - 2] : 0
          #expect(abs(moved[20 * n + 5 * row + column] - expected) < 1e-6)
        }
      }
    }
  }

  /// Half a turn exchanges opposite pixels, a quarter turns a square picture on its side.
  @Test func turnsByRightAngles() throws {
    let half = try augmentation.turned(
      pictures, angle: numbers(.pi), down: numbers(0), right: numbers(0)
    ).scalars(Float.self)
    let x = try pictures.scalars(Float.self)
    for n in 0..<2 {
      for pixel in 0..<20 { #expect(abs(half[20 * n + pixel] - x[20 * n + 19 - pixel]) < 1e-5) }
    }
    let square = ImageAugmentation(height: 3, width: 3)
    let picture = Tensor((0..<9).map { Float($0) }, shape: [1, 9])
    let one = Tensor(repeating: 0, shape: [1, 1])
    let quarter = try square.turned(
      picture, angle: Tensor(repeating: .pi / 2, shape: [1, 1]), down: one, right: one
    ).scalars(Float.self)
    let turns: [[Float]] = [[2, 5, 8, 1, 4, 7, 0, 3, 6], [6, 3, 0, 7, 4, 1, 8, 5, 2]]
    #expect(turns.contains { zip($0, quarter).allSatisfy { abs($0 - $1) < 1e-4 } })
  }

  /// The derivative by the strengths is that of differences, away from the kinks.
  @Test func derivativesByStrengths() throws {
    let key = RandomKey(seed: 5).tensor
    let (x, augmentation) = (pictures, augmentation)
    @Sendable func value(_ strengths: Tensor) -> Tensor {
      func strength(_ place: Int) -> Tensor {
        strengths.sliced(axis: 0, place..<(place + 1)).reshaped([])
      }
      return augmentation(
        x, .init(rotation: strength(0), shift: strength(1), noise: strength(2)), key: key
      ).square().sum()
    }
    let point: [Float] = [11, 0.37, 0.2]
    let slope = try gradient(at: Tensor(point)) { value($0) }.doubles()
    for place in 0..<3 {
      let step = point[place] * 1e-3
      var (high, low) = (point, point)
      high[place] += step
      low[place] -= step
      let difference =
        try (value(Tensor(high)) - value(Tensor(low))).item() / Double(2 * step)
      #expect(abs(slope[place] - difference) < 0.02 * max(1, abs(difference)), "strength \(place)")
    }
  }

  /// Parts do not share examples, are the same for the same seed, and too few examples are an error.
  @Test func splits() throws {
    let parts = try DataParts(train: Digits.load(), test: nil)
    let sizes = ImageSplit.Sizes(train: 50, validation: 40, test: 30)
    let split = try ImageSplit(parts, sizes, seed: 2)
    let rows = [split.train, split.validation, split.test].flatMap { $0.data.rows }
    #expect(Set(rows).count == 120)
    #expect(try ImageSplit(parts, sizes, seed: 2).test.data == split.test.data)
    #expect(try ImageSplit(parts, sizes, seed: 3).test.data != split.test.data)
    #expect(split.train.data.features.allSatisfy { (0...1).contains($0) })
    let error = #expect(throws: LabError.self) {
      try ImageSplit(parts, .init(train: 1_000, validation: 500, test: 400), seed: 0)
    }
    #expect(error?.cause == .data)
  }
}
