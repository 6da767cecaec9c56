// Principal axes of a small cloud of points, by Jacobi's rotations: a few columns, nothing to tune.

/** Eigenvalues and eigenvectors of a symmetric matrix, the greatest first. */
export function eigen(symmetric) {
    const n = symmetric.length;
    const a = symmetric.map(row => Float64Array.from(row));
    const v = a.map((_, i) => Float64Array.from(a, (_, j) => (i === j ? 1 : 0)));
    for (let sweep = 0; sweep < 60; sweep++) {
        let off = 0;
        for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) off += a[p][q] ** 2;
        if (off < 1e-22) break;
        for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) rotate(a, v, p, q);
    }
    return a.map((row, i) => ({ value: row[i], vector: v.map(r => r[i]) })).sort((x, y) => y.value - x.value);
}

function rotate(a, v, p, q) {
    if (Math.abs(a[p][q]) < 1e-300) return;
    const theta = (a[q][q] - a[p][p]) / (2 * a[p][q]);
    const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.hypot(theta, 1));
    const c = 1 / Math.hypot(t, 1);
    const s = t * c;
    const turn = (m, i, j, k, l) => {
        const [x, y] = [m[i][j], m[k][l]];
        m[i][j] = c * x - s * y;
        m[k][l] = s * x + c * y;
    };
    for (let k = 0; k < a.length; k++) turn(a, k, p, k, q);
    for (let k = 0; k < a.length; k++) turn(a, p, k, q, k);
    for (let k = 0; k < a.length; k++) turn(v, k, p, k, q);
}

/**
 * The `count` axes along which points differ most: no column is scaled, they are taken as the network reads them. (Each divided by its
 * own spread, thirteen axes of the 256 bytes would be equal, and the third one a matter of rounding.)
 * Gives the points on these axes and the share of all variance that each axis shows. A sign is a choice: the
 * largest part of an axis is positive.
 */
export function principalAxes(points, count) {
    const width = points[0].length;
    const columns = Array.from({ length: width }, (_, j) => centred(points.map(point => point[j])));
    const covariance = columns.map(x => columns.map(y => x.reduce((sum, value, i) => sum + value * y[i], 0) / points.length));
    const found = eigen(covariance);
    const total = found.reduce((sum, axis) => sum + Math.max(0, axis.value), 0) || 1;
    const axes = found.slice(0, count).map(({ vector }) => {
        const largest = vector.reduce((best, value) => (Math.abs(value) > Math.abs(best) + 1e-9 ? value : best), 0);
        return vector.map(value => (largest < 0 ? -value : value));
    });
    return {
        axes,
        shares: found.slice(0, count).map(axis => Math.max(0, axis.value) / total),
        points: points.map((_, i) => axes.map(axis => axis.reduce((sum, weight, j) => sum + weight * columns[j][i], 0))),
    };
}

function centred(values) {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return values.map(value => value - mean);
}
