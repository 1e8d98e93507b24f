// Rotating a 3-D picture: by dragging it, and by the arrow keys. The server redraws it.

const start = { azimuth: 35, elevation: 24 };
const step = 10;

/** Makes `holder` rotatable; `onTurn({ azimuth, elevation })` gets the angles in degrees. */
export function makeTurnable(holder, label, onTurn) {
  let eye = { ...start };
  holder.classList.add("turnable");
  holder.tabIndex = 0;
  holder.setAttribute("role", "group");
  holder.setAttribute("aria-label", `${label}: drag it or press the arrow keys to turn it, Home to turn it back`);
  const turn = (next) => {
    const azimuth = ((Math.round(next.azimuth) % 360) + 360) % 360;
    const elevation = Math.max(5, Math.min(85, Math.round(next.elevation)));
    if (azimuth === eye.azimuth && elevation === eye.elevation) return;
    eye = { azimuth, elevation };
    onTurn(eye);
  };
  holder.addEventListener("keydown", (event) => {
    const { azimuth, elevation } = eye;
    const turned = {
      ArrowLeft: { azimuth: azimuth - step, elevation }, ArrowRight: { azimuth: azimuth + step, elevation },
      ArrowUp: { azimuth, elevation: elevation + step }, ArrowDown: { azimuth, elevation: elevation - step },
      Home: start,
    }[event.key];
    if (!turned || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    turn(turned);
  });
  let wasTurned = false;
  holder.addEventListener("pointerdown", (event) => {
    wasTurned = false;
    if (event.button !== 0 || event.pointerType === "touch") return;
    const [x, y, before] = [event.clientX, event.clientY, eye];
    const move = (next) => {
      const [right, down] = [next.clientX - x, next.clientY - y];
      if (!wasTurned && Math.hypot(right, down) < 4) return;
      if (!wasTurned) holder.setPointerCapture(event.pointerId);
      wasTurned = true;
      // Half a turn over the width of a picture.
      const scale = 180 / holder.clientWidth;
      turn({ azimuth: before.azimuth + right * scale, elevation: before.elevation + down * scale });
    };
    const end = () => holder.removeEventListener("pointermove", move);
    holder.addEventListener("pointermove", move);
    holder.addEventListener("pointerup", end, { once: true });
    holder.addEventListener("pointercancel", end, { once: true });
  });
  // A drag that ends on a mark does not open it.
  holder.addEventListener("click", (event) => { if (wasTurned) event.stopImmediatePropagation(); }, { capture: true });
}
