import "../styles/console.css";

import { Console } from "../console/app.tsx";
import { mount } from "../shell/mount.tsx";

mount(<Console />);
