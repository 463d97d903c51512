import "../styles/chat.css";

import { Gate } from "../chat/gate.tsx";
import { keepShell } from "../chat/worker.ts";
import { mount } from "../shell/mount.tsx";

mount(<Gate />);
keepShell();
