private import OuterloopPlatform

/// A configuration as a genome: positions of numbers in the unit interval and indices of choices.
/// Inactive parameters have no gene.
struct Genome: Sendable {
  var places: [Double?]
  var choices: [Int?]
}

/// How children are made from parents.
///
/// A gene that one parent lacks is that of the other; one that both lack is drawn at random.
struct GeneticVariation: Sendable {
  /// The probability that a child has two parents.
  var crossover = 0.9
  /// The index of simulated binary crossover: the larger, the nearer children are to their parents. 0: values
  /// are exchanged unchanged (uniform crossover).
  var crossoverIndex = 0.0
  /// The probability that a gene is the other parent's.
  var exchange = 0.5
  /// The index of polynomial mutation; 0: a mutated gene is redrawn.
  var mutationIndex = 0.0
  /// The expected number of mutated genes of a child.
  var mutations = 1.0

  /// The value of every gene: positions in [0, 1], and choices.
  struct Child: Sendable {
    var places: [Double]
    var choices: [Int]
  }

  func child(
    _ first: Genome, _ second: Genome, counts: [Int], _ random: () -> Double
  ) -> Child {
    let isCrossed = random() < crossover
    let genes = first.places.count + first.choices.count
    let mutationRate = mutations / Double(max(genes, 1))
    let places = zip(first.places, second.places).map { a, b -> Double in
      guard let a = a ?? b else { return random() }
      var gene = a
      if isCrossed, let b {
        if crossoverIndex == 0 {
          if random() < exchange { gene = b }
        } else if random() < 0.5 {
          gene = simulatedBinary(a, b, random)
        }
      }
      guard random() < mutationRate else { return gene }
      return mutationIndex == 0 ? random() : polynomial(gene, random())
    }
    let choices = zip(first.choices, second.choices).enumerated().map { index, pair -> Int in
      func drawn() -> Int { min(Int(random() * Double(counts[index])), counts[index] - 1) }
      guard var gene = pair.0 ?? pair.1 else { return drawn() }
      if isCrossed, let other = pair.1, random() < exchange { gene = other }
      return random() < mutationRate ? drawn() : gene
    }
    return Child(places: places, choices: choices)
  }

  /// Simulated binary crossover in [0, 1] (Deb and Agrawal 1995, with bounds as in pymoo): children on both
  /// sides of the parents, of which one is taken,
  ///
  ///     c = (a + b -+ beta_q (b - a)) / 2,   beta = 1 + 2 (distance to the bound) / (b - a)
  ///     alpha = 2 - beta^-(eta + 1)
  ///     beta_q = (u alpha)^(1 / (eta + 1)) for u <= 1 / alpha, else (1 / (2 - u alpha))^(1 / (eta + 1))
  private func simulatedBinary(_ a: Double, _ b: Double, _ random: () -> Double) -> Double {
    let (low, high) = (min(a, b), max(a, b))
    let (u, isLower) = (random(), random() < 0.5)
    guard high - low > 1e-14 else { return a }
    let room = isLower ? low : 1 - high
    let beta = 1 + 2 * room / (high - low)
    let alpha = 2 - pow(beta, -(crossoverIndex + 1))
    let power = 1 / (crossoverIndex + 1)
    let spread = u <= 1 / alpha ? pow(u * alpha, power) : pow(1 / (2 - u * alpha), power)
    let child = 0.5 * (low + high + (isLower ? -spread : spread) * (high - low))
    return min(max(child, 0), 1)
  }

  /// Polynomial mutation in [0, 1] (Deb and Goyal 1996, with bounds as in pymoo).
  private func polynomial(_ x: Double, _ u: Double) -> Double {
    let power = 1 / (mutationIndex + 1)
    let step: Double
    if u <= 0.5 {
      step = pow(2 * u + (1 - 2 * u) * pow(1 - x, mutationIndex + 1), power) - 1
    } else {
      step = 1 - pow(2 * (1 - u) + (2 * u - 1) * pow(x, mutationIndex + 1), power)
    }
    return min(max(x + step, 0), 1)
  }
}
