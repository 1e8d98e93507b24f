/// One observation of a parameter on one side of the split.
struct Observation: Comparable, Sendable {
  /// The number of its trial, which determines the order of weights.
  let arrival: Int
  /// A coordinate, a slot or a choice, depending on the density.
  let value: Double

  static func < (a: Observation, b: Observation) -> Bool {
    a.value != b.value ? a.value < b.value : a.arrival < b.arrival
  }
}

/// Observations in order of arrival, and moments of those gathered in bins, weighted by an affine
/// function of the ordinal whose coefficients need not be known in advance:
///
///     plain[b]  = sum_i m_i,   rising[b] = sum_i ordinal_i m_i   over the gathered i in bin b,
///     m_i = scale_i (1, delta_i, delta_i^2/2!, ..., delta_i^7/7!).
///
/// Inserting or removing an observation in the middle shifts the ordinals of all later ones, so
/// `rising` changes by the plain moments of everything later. To have these available, observations
/// are stored in blocks of consecutive arrivals with their own plain moments: a shift is O(B) in
/// the one block and O(bins) for each of n/B later ones. Appending is O(1), the rest O(B + bins n/B
/// + log n); memory is O(n + bins n/B).
struct ArrivalMoments: Sendable {
  typealias Moment = SIMD8<Double>

  struct Particle: Sendable {
    let arrival: Int
    let value: Double
    var sigma = 0.0
    var scale = 0.0
    var delta = 0.0
    /// -1 while not gathered.
    var bin = -1

    var moment: Moment {
      var m = Moment()
      var term = scale
      for p in 0..<8 {
        m[p] = term
        term *= delta * Self.reciprocals[p]
      }
      return m
    }

    private static let reciprocals = Moment(
      1, 1 / 2.0, 1 / 3.0, 1 / 4.0, 1 / 5.0, 1 / 6.0, 1 / 7.0, 0)
  }

  private struct Block: Sendable {
    var particles: [Particle]
    var plain: [Moment]
  }

  /// The position of an observation.
  struct Position { var block: Int, index: Int, ordinal: Int }

  private static let blockSize = 4096
  let bins: Int
  private var blocks: [Block] = []
  private(set) var count = 0
  private(set) var plain: [Moment]
  private(set) var rising: [Moment]

  init(bins: Int) {
    self.bins = bins
    plain = [Moment](repeating: .zero, count: bins)
    rising = plain
  }

  subscript(position: Position) -> Particle { blocks[position.block].particles[position.index] }

  /// The position of an arrival, existing or to be inserted.
  func position(of arrival: Int) -> Position {
    // The last block that does not start later.
    let later = blocks.indices.partitionPoint { blocks[$0].particles[0].arrival <= arrival }
    let block = max(later - 1, 0)
    guard block < blocks.count else { return Position(block: 0, index: 0, ordinal: 0) }
    let particles = blocks[block].particles
    let index = particles.indices.partitionPoint { particles[$0].arrival < arrival }
    return Position(block: block, index: index, ordinal: start(of: block) + index)
  }

  /// The observation with an ordinal in 0..<count.
  func particle(ordinal: Int) -> Particle {
    var left = ordinal
    for block in blocks {
      if left < block.particles.count { return block.particles[left] }
      left -= block.particles.count
    }
    preconditionFailure("ordinal \(ordinal) of \(count)")
  }

  /// The last `length` observations, oldest first.
  func newest(_ length: Int) -> [Particle] {
    var result: [Particle] = []
    for block in blocks.reversed() where result.count < length {
      result.insert(contentsOf: block.particles.suffix(length - result.count), at: 0)
    }
    return result
  }

  /// All of them, oldest first.
  var observations: [Observation] {
    blocks.flatMap { $0.particles.map { Observation(arrival: $0.arrival, value: $0.value) } }
  }

  /// Enters an observation, not gathered. Its arrival must be new.
  mutating func insert(_ observation: Observation) {
    let particle = Particle(arrival: observation.arrival, value: observation.value)
    var position = position(of: observation.arrival)
    if blocks.isEmpty { blocks.append(emptyBlock) }
    if blocks[position.block].particles.count == Self.blockSize {
      makeRoom(at: &position)
    }
    blocks[position.block].particles.insert(particle, at: position.index)
    count += 1
    shift(after: position, by: 1)
  }

  /// Removes the observation of an arrival.
  mutating func remove(arrival: Int) {
    let position = position(of: arrival)
    release(position)
    shift(after: position, by: -1)
    blocks[position.block].particles.remove(at: position.index)
    if blocks[position.block].particles.isEmpty { blocks.remove(at: position.block) }
    count -= 1
  }

  /// Puts an observation's kernel into a bin.
  mutating func gather(
    _ position: Position, sigma: Double, bin: Int, delta: Double, scale: Double
  ) {
    release(position)
    blocks[position.block].particles[position.index].sigma = sigma
    blocks[position.block].particles[position.index].bin = bin
    blocks[position.block].particles[position.index].delta = delta
    blocks[position.block].particles[position.index].scale = scale
    add(position, 1)
  }

  /// Keeps an observation's kernel out of the bins, recording its parameters.
  mutating func keepApart(_ position: Position, sigma: Double, scale: Double) {
    release(position)
    blocks[position.block].particles[position.index].sigma = sigma
    blocks[position.block].particles[position.index].scale = scale
  }

  private mutating func release(_ position: Position) {
    guard self[position].bin >= 0 else { return }
    add(position, -1)
    blocks[position.block].particles[position.index].bin = -1
  }

  private mutating func add(_ position: Position, _ sign: Double) {
    let particle = self[position]
    let moment = sign * particle.moment
    blocks[position.block].plain[particle.bin] += moment
    plain[particle.bin] += moment
    rising[particle.bin] += Double(position.ordinal) * moment
  }

  /// Shifts everything after a position by one ordinal.
  private mutating func shift(after position: Position, by sign: Double) {
    let particles = blocks[position.block].particles
    for index in particles.indices.dropFirst(position.index + 1) where particles[index].bin >= 0 {
      rising[particles[index].bin] += sign * particles[index].moment
    }
    for block in blocks.dropFirst(position.block + 1) {
      for bin in 0..<bins { rising[bin] += sign * block.plain[bin] }
    }
  }

  private var emptyBlock: Block {
    Block(particles: [], plain: [Moment](repeating: .zero, count: bins))
  }

  /// A full block is followed by a new one if the new observation belongs at its end, and is split
  /// in half otherwise.
  private mutating func makeRoom(at position: inout Position) {
    let block = position.block
    let cut = position.index == Self.blockSize ? Self.blockSize : Self.blockSize / 2
    var later = emptyBlock
    later.particles = Array(blocks[block].particles[cut...])
    for particle in later.particles where particle.bin >= 0 {
      later.plain[particle.bin] += particle.moment
      blocks[block].plain[particle.bin] -= particle.moment
    }
    blocks[block].particles.removeSubrange(cut...)
    blocks.insert(later, at: block + 1)
    if position.index >= cut {
      position.block += 1
      position.index -= cut
    }
  }

  private func start(of block: Int) -> Int {
    var start = 0
    for earlier in 0..<block { start += blocks[earlier].particles.count }
    return start
  }
}
